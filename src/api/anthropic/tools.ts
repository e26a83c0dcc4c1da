// Anthropic's tools and tool_choice → ToolUse. https://docs.anthropic.com/en/docs/build-with-claude/tool-use

import { z } from "zod";
import type { AskedTool, Json, ToolUse } from "../../generation/request.ts";
import * as field from "../shared/field-types.ts";
import { invalidValue } from "../shared/refusals.ts";
import { schemaAt } from "../shared/schema-grammar.ts";
import {
  hostedTool,
  refuseDuplicateNames,
  TOOL_CHOICE,
  toolList,
  toolName,
  toolParts,
} from "../shared/tools.ts";
import { CLIENT_TOOL_TYPES, clientTool } from "./client-tools.ts";

const common = {
  cache_control: field.ignored(field.ALWAYS_CACHED),
  eager_input_streaming: field.ignored("Ignored: arguments are always streamed as generated."),
};

const customTool = z.looseObject({
  type: field.kind("custom").nullish(),
  name: toolName,
  description: toolParts.description,
  input_schema: toolParts.schema,
  strict: toolParts.strict,
  input_examples: field.optional(
    z.array(z.record(z.string(), z.unknown())),
    "Example arguments, shown to the model.",
  ),
  allowed_callers: field.withoutEffect(
    z.array(z.string()),
    "Who may call the tool. Only the model can (direct); other callers are named in x-ignored-params.",
  ),
  defer_loading: field.flag(
    "Whether the prompt lists the tool only once a tool_reference in a tool result names it.",
  ),
  ...common,
});

type AnthropicTool = z.output<typeof customTool>;

/** Limits that only the client's own code can keep. */
const byClient = field.ignored("Ignored: for the client's own code.");

const knownTool = z
  .looseObject({
    type: field.kind(CLIENT_TOOL_TYPES),
    name: toolName,
    max_characters: byClient,
    ...common,
  })
  .transform(({ type, name }): AnthropicTool => ({ name, ...clientTool(type) }));

const definition = z.union(
  [customTool, knownTool, hostedTool(["custom", "function", ...CLIENT_TOOL_TYPES])],
  {
    error: "must be a tool with a name and an input_schema, or one of a type of Anthropic's",
  },
);

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
export type AnthropicTools = {
  /** Null if the model may not call any tool. */
  readonly use: ToolUse<AskedTool> | null;
  /** Tools that Anthropic's server would run, and wishes of the others that are not granted. */
  readonly ignored: readonly string[];
};

/**
 * A deferred tool is left out until the conversation has loaded it. If the request
 * leaves the search to Anthropic's server, all are listed, because no search runs here.
 * https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/tool-search-tool
 * @param loaded names of the tools that the conversation has called or refers to
 * @throws ServiceError 400 naming the tool
 */
export function readTools(fields: ToolFields, loaded: ReadonlySet<string>): AnthropicTools {
  const { tool_choice: choice } = fields;
  const searchesHere = !fields.tools?.some(({ type }) => type === "hosted");
  const isLoaded = (name: string) =>
    loaded.has(name) || (choice?.type === "tool" && choice.name === name);
  const tools: AskedTool[] = [];
  const paths: string[] = [];
  const ignored: string[] = [];
  for (const [index, given] of (fields.tools ?? []).entries()) {
    const path = `tools[${index}]`;
    if (given.type === "hosted") {
      ignored.push(path);
      continue;
    }
    if (given.defer_loading) {
      if (searchesHere && !isLoaded(given.name)) continue;
      if (!searchesHere) ignored.push(`${path}.defer_loading`);
    }
    paths.push(`${path}.name`);
    tools.push(readTool(given, path));
    ignored.push(...ungranted(given).map((name) => `${path}.${name}`));
  }
  const names = tools.map(({ name }) => name);
  refuseDuplicateNames(names, (index) => paths[index] ?? "tools");
  const { callable, isRequired } = readChoice(fields, names);
  if (callable.length === 0) return { use: null, ignored };
  const { type, disable_parallel_tool_use: isSingle } = fields.tool_choice ?? {};
  const isParallel = !(isSingle ?? type === "tool"); // a tool by name is called once, unless the client says otherwise
  return { use: { tools, callable, isRequired, isParallel }, ignored };
}

function readTool(tool: AnthropicTool, path: string): AskedTool {
  return {
    name: tool.name,
    definition: definitionOf(tool),
    parameters: schemaAt(tool.input_schema, `${path}.input_schema`, tool.strict),
  };
}

function ungranted({ allowed_callers }: AnthropicTool): readonly string[] {
  const isForOthers = allowed_callers?.some((caller) => caller !== "direct") ?? false;
  return isForOthers ? ["allowed_callers"] : [];
}

function readChoice({ tool_choice: choice }: ToolFields, names: readonly string[]) {
  switch (choice?.type) {
    case "none":
      return { callable: [], isRequired: false };
    case "any":
      if (names.length > 0) return { callable: names, isRequired: true };
      throw invalidValue("tool_choice", "is any, but there are no tools that could be called");
    case "tool":
      if (names.includes(choice.name)) return { callable: [choice.name], isRequired: true };
      throw invalidValue(
        "tool_choice.name",
        "must be the name of one of the tools; this server runs none of Anthropic's",
      );
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
