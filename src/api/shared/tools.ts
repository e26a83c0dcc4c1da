// OpenAI's tools and tool_choice → ToolUse, and the limits on tools that all dialects share.
// https://platform.openai.com/docs/guides/function-calling

import { z } from "zod";
import type { AskedTool, Json, ToolUse } from "../../generation/request.ts";
import * as field from "./field-types.ts";
import { invalidValue } from "./refusals.ts";
import { schemaAt } from "./schema-grammar.ts";

export const MAX_TOOLS = 128;
/** Limit for all definitions together, in UTF-16 units of their JSON. */
const MAX_DEFINITION_CHARS = 524_288;

export const toolName = z
  .string()
  .regex(/^[\w.-]{1,128}$/, "must be 1 to 128 letters, digits, underscores, dashes or dots")
  .describe("Name: 1 to 128 letters, digits, `_`, `-` and `.`.");

/** Parts of a tool's definition in several APIs. */
export const toolParts = {
  name: toolName,
  description: field.text("Tells the model what the function does."),
  schema: z.record(z.string(), z.unknown()).describe("JSON schema of the arguments."),
  strict: field.flag("Whether to refuse schema keywords that cannot be enforced."),
};

export const TOOLS = "Functions that the model may call.";
export const TOOL_CHOICE = "Whether the model calls a function, and which ones it may call.";

/** A list of tool definitions in a dialect's own form, within the limits. */
export function toolList<T extends z.ZodType>(definition: T) {
  return field.optional(
    z
      .array(definition)
      .max(MAX_TOOLS, `must have at most ${MAX_TOOLS} tools`)
      .refine(
        (tools) => JSON.stringify(tools).length <= MAX_DEFINITION_CHARS,
        `must have at most ${MAX_DEFINITION_CHARS} characters of JSON`,
      ),
    TOOLS,
  );
}

export const toolType = field.kind("function", "must be function, the only type of tool here");

export const functionFields = {
  name: toolName,
  description: toolParts.description,
  parameters: toolParts.schema.nullish(),
  strict: toolParts.strict,
};

/** A choice among some of the tools. @param named schema of the name of one */
export function allowedTools<T extends z.ZodType>(named: T) {
  return {
    mode: z.enum(["auto", "required"]).describe("Whether the model must call one of them."),
    tools: z.array(named).min(1).describe("The tools that the model may call."),
  };
}

/** How the model must choose, in OpenAI's dialects. @param form of the choice of one tool, for the error */
export function toolChoice<N extends z.ZodType, A extends z.ZodType>(
  named: N,
  allowed: A,
  form: string,
) {
  const error = `must be none, auto, required, or ${form}`;
  const choice = z.union([z.enum(["none", "auto", "required"]), named, allowed], { error });
  return field.optional(choice, TOOL_CHOICE, "auto");
}

export const parallelCalls = field.flag("Whether an answer may have more than one call.", true);

const named = field.form("function", {
  function: z.looseObject({ name: toolName }).describe("The function."),
});

export const toolFields = {
  tools: toolList(
    z.looseObject({
      type: toolType,
      function: z.looseObject(functionFields).describe("The function."),
    }),
  ),
  tool_choice: toolChoice(
    named,
    field.form("allowed_tools", {
      allowed_tools: z.looseObject(allowedTools(named)).describe("A subset of the tools."),
    }),
    '{type: "function", function: {name}}',
  ),
  parallel_tool_calls: parallelCalls,
};

type ToolFields = z.output<z.ZodObject<typeof toolFields>>;
type ChatTool = NonNullable<ToolFields["tools"]>[number];

/**
 * @param pathOf path of a tool's name and parameters
 * @returns null if the model may not call any tool
 * @throws ServiceError 400 naming the tool
 */
export function readTools(
  fields: ToolFields,
  pathOf = (index: number) => `tools[${index}].function`,
): ToolUse<AskedTool> | null {
  const given = fields.tools ?? [];
  refuseDuplicateNames(
    given.map((tool) => tool.function.name),
    (index) => `${pathOf(index)}.name`,
  );
  const { callable, isRequired, isNamed } = readChoice(fields, given);
  if (callable.length === 0) return null;
  // "Call exactly one specific function": https://platform.openai.com/docs/guides/function-calling#tool-choice
  const isParallel = !isNamed && (fields.parallel_tool_calls ?? true);
  return {
    tools: given.map((tool, index) => readTool(tool, pathOf(index))),
    callable,
    isRequired,
    isParallel,
  };
}

function readTool(given: ChatTool, path: string): AskedTool {
  const { name, parameters, strict } = given.function;
  return {
    name,
    definition: given as unknown as Json, // it came out of JSON
    parameters: {
      ...schemaAt(parameters ?? null, `${path}.parameters`),
      isStrict: strict === true,
    },
  };
}

/** @param paramOf path of the field that holds the name */
export function refuseDuplicateNames(
  names: readonly string[],
  paramOf: (index: number) => string,
): void {
  const index = names.findIndex((name, at) => names.indexOf(name) < at);
  if (index < 0) return;
  throw invalidValue(
    paramOf(index),
    `is ${names[index]}, like that of another tool; names must be unique`,
  );
}

function readChoice({ tool_choice: choice }: ToolFields, given: readonly ChatTool[]) {
  const all = given.map((tool) => tool.function.name);
  if (choice === "none") return { callable: [], isRequired: false, isNamed: false };
  if (choice === null || choice === undefined || choice === "auto")
    return { callable: all, isRequired: false, isNamed: false };
  if (choice === "required") {
    if (all.length > 0) return { callable: all, isRequired: true, isNamed: false };
    throw invalidValue("tool_choice", "is required, but there are no tools");
  }
  const isNamed = choice.type === "function";
  const wanted = isNamed
    ? [choice.function.name]
    : choice.allowed_tools.tools.map((tool) => tool.function.name);
  const missing = wanted.find((name) => !all.includes(name));
  if (missing !== undefined)
    throw invalidValue("tool_choice", `names ${missing}, which is not in tools`);
  return {
    callable: [...new Set(wanted)],
    isRequired: isNamed || choice.allowed_tools.mode === "required",
    isNamed,
  };
}
