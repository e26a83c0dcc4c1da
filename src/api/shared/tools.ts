// The limits on tools that all dialects share, and the functions and choices of OpenAI's.
// https://platform.openai.com/docs/guides/function-calling

import { z } from "zod";
import type { AskedTool, Json, ToolUse } from "../../generation/request.ts";
import * as field from "./field-types.ts";
import { invalidValue } from "./refusals.ts";
import { STRICT, schemaAt } from "./schema-grammar.ts";

export const MAX_TOOLS = 256;
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
  strict: field.flag(STRICT),
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

export const functionFields = {
  name: toolName,
  description: toolParts.description,
  parameters: toolParts.schema.nullish(),
  strict: toolParts.strict,
};

/** How the model must choose, in OpenAI's dialects. @param form of the choice of one tool, for the error */
export function toolChoice<N extends z.ZodType, A extends z.ZodType>(
  named: N,
  allowed: A,
  form: string,
) {
  const error = `must be none, auto, required, or ${form}`;
  const choice = z.union([z.enum(["none", "auto", "required", "any"]), named, allowed], { error });
  return field.optional(choice, TOOL_CHOICE, "auto");
}

export const parallelCalls = field.flag("Whether an answer may have more than one call.", true);

export const functionTool = field.form("function", {
  function: z.looseObject(functionFields).describe("The function."),
});

/** A tool of another type, which the vendor's servers run. It is left out and named. @param known the types that are not */
export function hostedTool(known: readonly string[]) {
  return z
    .record(z.string(), z.unknown())
    .refine(({ type }) => typeof type === "string" && !known.includes(type), { path: ["type"] })
    .transform(() => ({ type: "hosted" as const }))
    .meta({
      properties: { type: { type: "string", not: { enum: known } } },
      required: ["type"],
      description: "A tool that the vendor's servers run, e.g. web_search. Left out, and named.",
    });
}

/** A choice among some of the tools. Those that the vendor's servers run are left out. @param named schema of the name of one */
export function allowedTools<T extends z.ZodType>(named: T) {
  return {
    mode: z.enum(["auto", "required"]).describe("Whether the model must call one of them."),
    tools: z
      .array(z.union([named, hostedTool(["function", "custom"])], { error: TOOL_TYPES }))
      .min(1)
      .describe("The tools that the model may call."),
  };
}

/** Paths of the tools in a list that are left out. */
export function hostedIn(tools: readonly { readonly type: string }[], path: string): string[] {
  return tools.flatMap(({ type }, index) => (type === "hosted" ? [`${path}[${index}]`] : []));
}

export const TOOL_TYPES = "must be a tool with a type, e.g. function";

/** @param path path of the function's name and parameters */
export function readFunction(given: z.output<typeof functionTool>, path: string): AskedTool {
  const { name, parameters, strict } = given.function;
  return {
    name,
    definition: given as unknown as Json, // it came out of JSON
    parameters: schemaAt(parameters ?? null, `${path}.parameters`, strict),
  };
}

/** Whether the model must call a tool, and which ones it may call. */
export type ToolChoice = {
  /** Null for all. */
  readonly names: readonly string[] | null;
  readonly isRequired: boolean;
  /** Whether it is the choice of one tool. */
  readonly isNamed: boolean;
};

/** @returns null if the model may not call any tool. @throws ServiceError 400 for a choice among missing tools */
export function toolUse(
  tools: readonly AskedTool[],
  { names, isRequired, isNamed }: ToolChoice,
  isParallel: boolean | null | undefined,
): ToolUse<AskedTool> | null {
  const all = tools.map(({ name }) => name);
  if (isRequired && (all.length === 0 || names?.length === 0))
    throw invalidValue(
      "tool_choice",
      "requires a call, but there are no tools that could be called",
    );
  const missing = names?.find((name) => !all.includes(name));
  if (missing !== undefined)
    throw invalidValue("tool_choice", `names ${missing}, which is not in tools`);
  const callable = [...new Set(names ?? all)];
  if (callable.length === 0) return null;
  // "Call exactly one specific function": https://platform.openai.com/docs/guides/function-calling#tool-choice
  return { tools, callable, isRequired, isParallel: !isNamed && (isParallel ?? true) };
}

/** `any` is Mistral's name of required. */
export function modeOf(mode: "none" | "auto" | "required" | "any" | null | undefined): ToolChoice {
  const isRequired = mode === "required" || mode === "any";
  return { names: mode === "none" ? [] : null, isRequired, isNamed: false };
}

/** @param names several if tools of several namespaces have the name */
export function choiceOfOne(names: readonly string[]): ToolChoice {
  return { names, isRequired: true, isNamed: true };
}

export function choiceAmong(names: readonly string[], mode: "auto" | "required"): ToolChoice {
  return { names, isRequired: mode === "required", isNamed: false };
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
