// Anthropic's tools and tool_choice → ToolUse. https://docs.anthropic.com/en/docs/build-with-claude/tool-use

import { z } from "zod";
import type { AskedTool, Json, ToolUse } from "../../generation/request.ts";
import * as field from "../shared/field-types.ts";
import { invalidValue } from "../shared/refusals.ts";
import { schemaAt } from "../shared/schema-grammar.ts";
import {
  refuseDuplicateNames,
  TOOL_CHOICE,
  toolList,
  toolName,
  toolParts,
} from "../shared/tools.ts";

const ONLY_CUSTOM = "must be custom: this server runs no tools of its own";

const definition = z.looseObject({
  type: field.kind("custom", ONLY_CUSTOM).nullish(),
  name: toolName,
  description: toolParts.description,
  input_schema: toolParts.schema,
  strict: toolParts.strict,
  input_examples: field.optional(
    z.array(z.record(z.string(), z.unknown())),
    "Example arguments, shown to the model.",
  ),
  allowed_callers: field.withoutEffect(
    z.array(z.literal("direct", "must be direct, the only caller here")),
    "Who may call the tool. Only the model can.",
  ),
  defer_loading: field.mustBe([false], "must be false: the prompt always lists all tools"),
  cache_control: field.ignored(field.ALWAYS_CACHED),
  eager_input_streaming: field.ignored("Ignored: arguments are always streamed as generated."),
});

const parallel = {
  disable_parallel_tool_use: field.flag("Whether an answer has at most one call."),
};

export const toolFields = {
  tools: toolList(definition),
  tool_choice: z
    .discriminatedUnion(
      "type",
      [
        z.looseObject({ type: field.kind(["auto", "any", "none"]), ...parallel }),
        field.form("tool", { name: z.string().describe("The function to call."), ...parallel }),
      ],
      { error: "type must be auto, any, tool or none" },
    )
    .nullish()
    .meta({ default: { type: "auto" }, description: TOOL_CHOICE }),
};

type ToolFields = z.output<z.ZodObject<typeof toolFields>>;
type AnthropicTool = z.output<typeof definition>;

/**
 * @returns null if the model may not call any tool
 * @throws ServiceError 400 naming the tool
 */
export function readTools(fields: ToolFields): ToolUse<AskedTool> | null {
  const given = fields.tools ?? [];
  const names = given.map(({ name }) => name);
  refuseDuplicateNames(names, (index) => `tools[${index}].name`);
  const { callable, isRequired } = readChoice(fields, names);
  if (callable.length === 0) return null;
  const tools = given.map(
    (tool, index): AskedTool => ({
      name: tool.name,
      definition: definitionOf(tool),
      parameters: {
        ...schemaAt(tool.input_schema, `tools[${index}].input_schema`),
        isStrict: tool.strict === true,
      },
    }),
  );
  const { type, disable_parallel_tool_use: isSingle } = fields.tool_choice ?? {};
  const isParallel = !(isSingle ?? type === "tool"); // a tool by name is called once, unless the client says otherwise
  return { tools, callable, isRequired, isParallel };
}

function readChoice({ tool_choice: choice }: ToolFields, names: readonly string[]) {
  switch (choice?.type) {
    case "none":
      return { callable: [], isRequired: false };
    case "any":
      if (names.length > 0) return { callable: names, isRequired: true };
      throw invalidValue("tool_choice", "is any, but there are no tools");
    case "tool":
      if (names.includes(choice.name)) return { callable: [choice.name], isRequired: true };
      throw invalidValue("tool_choice.name", "must be the name of one of the tools");
    default:
      return { callable: names, isRequired: false };
  }
}

/** OpenAI's form, because chat templates expect it. */
function definitionOf({
  name,
  description,
  input_schema: schema,
  input_examples: examples,
}: AnthropicTool): Json {
  const parameters = { ...schema, ...(examples?.length ? { examples } : {}) } as Json; // it came out of JSON
  const text = typeof description === "string" ? { description } : {};
  return { type: "function", function: { name, ...text, parameters } };
}
