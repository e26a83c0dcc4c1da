// Tools that a model may call: definitions and choice of the client → ToolUse.
// https://platform.openai.com/docs/guides/function-calling

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import type { AskedTool, Json, ToolUse } from "../../generation/request.ts";
import { schemaAt } from "./schema-grammar.ts";

export const MOST_TOOLS = 128;
/** Of all definitions together. */
const MOST_BYTES = 524_288;

export const toolName = z
  .string()
  .regex(/^[\w.-]{1,128}$/, "1 to 128 letters, digits, underscores, dashes and dots");

/** Definitions of whatever form, within the limits. */
export function toolList<T extends z.ZodType>(definition: T) {
  return z
    .array(definition)
    .max(MOST_TOOLS, `at most ${MOST_TOOLS} tools`)
    .refine((tools) => JSON.stringify(tools).length <= MOST_BYTES, `at most ${MOST_BYTES} bytes`);
}

const named = z.looseObject({
  type: z.literal("function"),
  function: z.looseObject({ name: toolName }),
});

export const toolType = z.literal("function", "function is the only type of tool here");

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
      { error: 'none, auto, required, or {type: "function", function: {name}}' },
    )
    .nullish()
    .meta({ default: "auto" }),
  parallel_tool_calls: z.boolean().nullish().meta({ default: true }),
};

type ToolFields = z.output<z.ZodObject<typeof toolFields>>;
type Given = NonNullable<ToolFields["tools"]>[number];

/**
 * @returns null when none may be called
 * @throws ServiceError 400 naming the tool
 */
export function readTools(fields: ToolFields): ToolUse<AskedTool> | null {
  const given = fields.tools ?? [];
  refuseTwins(
    given.map((tool) => tool.function.name),
    (index) => `tools[${index}].function.name`,
  );
  const { callable, isRequired, isNamed } = readChoice(fields, given);
  if (callable.length === 0) return null;
  // "Call exactly one specific function": https://platform.openai.com/docs/guides/function-calling#tool-choice
  const isParallel = !isNamed && (fields.parallel_tool_calls ?? true);
  return { tools: given.map(readTool), callable, isRequired, isParallel };
}

function readTool(given: Given, index: number): AskedTool {
  const { name, parameters, strict } = given.function;
  return {
    name,
    definition: given as unknown as Json, // it came out of JSON
    parameters: {
      ...schemaAt(parameters ?? null, `tools[${index}].function.parameters`),
      isStrict: strict === true,
    },
  };
}

/** @param paramOf where the client wrote the name */
export function refuseTwins(names: readonly string[], paramOf: (index: number) => string): void {
  const index = names.findIndex((name, at) => names.indexOf(name) < at);
  if (index < 0) return;
  const param = paramOf(index);
  throw new ServiceError("invalid_value", `${param}: ${names[index]} is there twice`, { param });
}

function readChoice({ tool_choice: choice }: ToolFields, given: readonly Given[]) {
  const all = given.map((tool) => tool.function.name);
  if (choice === "none") return { callable: [], isRequired: false, isNamed: false };
  if (choice === null || choice === undefined || choice === "auto")
    return { callable: all, isRequired: false, isNamed: false };
  if (choice === "required") {
    if (all.length > 0) return { callable: all, isRequired: true, isNamed: false };
    throw wrongChoice("tool_choice is required, but there are no tools");
  }
  const isNamed = choice.type === "function";
  const wanted = isNamed
    ? [choice.function.name]
    : choice.allowed_tools.tools.map((tool) => tool.function.name);
  const missing = wanted.find((name) => !all.includes(name));
  if (missing !== undefined)
    throw wrongChoice(`tool_choice names ${missing}, which is not in tools`);
  return {
    callable: [...new Set(wanted)],
    isRequired: isNamed || choice.allowed_tools.mode === "required",
    isNamed,
  };
}

function wrongChoice(message: string): ServiceError {
  return new ServiceError("invalid_value", message, { param: "tool_choice" });
}
