// OpenAI's tools and tool_choice → ToolUse, and the limits on tools that all dialects share.
// https://platform.openai.com/docs/guides/function-calling

import { z } from "zod";
import type { AskedTool, Json, ToolUse } from "../../generation/request.ts";
import { invalidValue } from "./refusals.ts";
import { schemaAt } from "./schema-grammar.ts";

export const MAX_TOOLS = 128;
/** Limit for all definitions together, in UTF-16 units of their JSON. */
const MAX_DEFINITION_CHARS = 524_288;

export const toolName = z
  .string()
  .regex(/^[\w.-]{1,128}$/, "must be 1 to 128 letters, digits, underscores, dashes or dots");

/** A list of tool definitions in a dialect's own form, within the limits. */
export function toolList<T extends z.ZodType>(definition: T) {
  return z
    .array(definition)
    .max(MAX_TOOLS, `must have at most ${MAX_TOOLS} tools`)
    .refine(
      (tools) => JSON.stringify(tools).length <= MAX_DEFINITION_CHARS,
      `must have at most ${MAX_DEFINITION_CHARS} characters of JSON`,
    );
}

const named = z.looseObject({
  type: z.literal("function"),
  function: z.looseObject({ name: toolName }),
});

export const toolType = z.literal("function", "must be function, the only type of tool here");

export const functionFields = {
  name: toolName,
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
};

export const toolFields = {
  tools: toolList(
    z.looseObject({ type: toolType, function: z.looseObject(functionFields) }),
  ).nullish(),
  tool_choice: z
    .union(
      [
        z.enum(["none", "auto", "required"]),
        named,
        z.looseObject({
          type: z.literal("allowed_tools"),
          allowed_tools: z.looseObject({
            mode: z.enum(["auto", "required"]),
            tools: z.array(named).min(1),
          }),
        }),
      ],
      { error: 'must be none, auto, required, or {type: "function", function: {name}}' },
    )
    .nullish()
    .meta({ default: "auto" }),
  parallel_tool_calls: z.boolean().nullish().meta({ default: true }),
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
