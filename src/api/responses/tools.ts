// The tools of a response: functions, custom tools whose input is one text, and namespaces of both.
// https://platform.openai.com/docs/api-reference/responses/create

import { z } from "zod";
import type { AskedTool, ToolUse } from "../../generation/request.ts";
import { customFields, customTool } from "../shared/custom-tools.ts";
import * as field from "../shared/field-types.ts";
import { invalidValue } from "../shared/refusals.ts";
import {
  allowedTools,
  choiceAmong,
  choiceOfOne,
  functionFields,
  hostedIn,
  hostedTool,
  MAX_TOOLS,
  modeOf,
  parallelCalls,
  readFunction,
  refuseDuplicateNames,
  TOOL_TYPES,
  type ToolChoice,
  toolChoice,
  toolList,
  toolName,
  toolUse,
} from "../shared/tools.ts";
import type { NameInModel } from "./input.ts";

const functionForm = field.form("function", functionFields);
const customForm = field.form("custom", customFields);
const members = z.discriminatedUnion("type", [functionForm, customForm]);

const own = z.discriminatedUnion("type", [
  functionForm,
  customForm,
  field.form("namespace", {
    name: toolName,
    description: field.text("Left out, and named."),
    tools: z
      .array(z.union([members, hostedTool(["function", "custom"])], { error: TOOL_TYPES }))
      .describe("For a namespace: its tools."),
  }),
]);

const namedOne = z.looseObject({
  type: field.kind(["function", "custom"]),
  name: z.string().describe("The tool to call."),
  namespace: field.text("The tool's namespace."),
});

export const responsesToolFields = {
  tools: toolList(
    z.union([own, hostedTool(["function", "custom", "namespace"])], { error: TOOL_TYPES }),
  ),
  tool_choice: toolChoice(
    namedOne,
    field.form("allowed_tools", allowedTools(namedOne)),
    '{type: "function", name}',
  ),
  parallel_tool_calls: parallelCalls,
};

type ToolFields = z.output<z.ZodObject<typeof responsesToolFields>>;
type GivenTool = NonNullable<ToolFields["tools"]>[number];
type Member = z.output<typeof members>;

/** A tool as the client names it. */
export type ClientTool = {
  readonly name: string;
  readonly namespace: string | null;
  readonly isCustom: boolean;
};

export type ResponsesTools = {
  /** Null if the model may not call any tool. */
  readonly use: ToolUse<AskedTool> | null;
  /** The name in the model → the tool. */
  readonly clientTools: ReadonlyMap<string, ClientTool>;
  readonly nameInModel: NameInModel;
  /** Paths of the tools and formats that are left out. */
  readonly ignored: readonly string[];
};

/** @throws ServiceError 400 naming the tool */
export function readResponsesTools(fields: ToolFields): ResponsesTools {
  const { flat, ignored } = flattened(fields.tools ?? []);
  const names = namesInModel(flat);
  const tools: AskedTool[] = [];
  const clientTools = new Map<string, ClientTool>();
  for (const [index, { path, namespace, given }] of flat.entries()) {
    const name = names[index] ?? given.name;
    clientTools.set(name, { name: given.name, namespace, isCustom: given.type === "custom" });
    if (given.type === "custom") {
      const custom = customTool({ ...given, name }, path);
      tools.push(custom.tool);
      ignored.push(...custom.ignored);
    } else {
      const { type, ...rest } = given;
      tools.push(readFunction({ type, function: { ...rest, name } }, path));
    }
  }
  const known = [...clientTools];
  const inModel = (name: string, namespace: string | null) =>
    known.find(([, tool]) => tool.name === name && tool.namespace === namespace)?.[0] ?? name;
  const given = fields.tool_choice;
  if (typeof given === "object" && given?.type === "allowed_tools")
    ignored.push(...hostedIn(given.tools, "tool_choice.tools"));
  const choice = choiceOf(given, known);
  const use = toolUse(tools, choice, fields.parallel_tool_calls);
  return { use, clientTools, nameInModel: inModel, ignored };
}

type FlatTool = {
  readonly path: string;
  readonly namespace: string | null;
  readonly given: Member;
};

/** All tools, those of namespaces too. @throws ServiceError 400 for too many, or for two with the same name */
function flattened(given: readonly GivenTool[]) {
  const flat: FlatTool[] = [];
  const ignored: string[] = [];
  const add = (each: Exclude<GivenTool, { type: "namespace" }>, place: Omit<FlatTool, "given">) => {
    if (each.type === "hosted") ignored.push(place.path);
    else flat.push({ ...place, given: each });
  };
  for (const [index, each] of given.entries()) {
    const path = `tools[${index}]`;
    if (each.type !== "namespace") {
      add(each, { path, namespace: null });
      continue;
    }
    if (each.description) ignored.push(`${path}.description`);
    for (const [at, member] of each.tools.entries())
      add(member, { path: `${path}.tools[${at}]`, namespace: each.name });
  }
  if (flat.length > MAX_TOOLS)
    throw invalidValue("tools", `must have at most ${MAX_TOOLS} tools, with those of namespaces`);
  refuseDuplicateNames(
    flat.map(({ namespace, given: { name } }) => `${namespace ? `${namespace}/` : ""}${name}`),
    (index) => `${flat[index]?.path}.name`,
  );
  return { flat, ignored };
}

/** A tool keeps its name in the model, unless another one has it too: then a tool of a namespace has that before its name. */
function namesInModel(flat: readonly FlatTool[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { given } of flat) counts.set(given.name, (counts.get(given.name) ?? 0) + 1);
  const taken = new Set(counts.keys());
  return flat.map(({ namespace, given: { name } }) => {
    if (namespace === null || counts.get(name) === 1) return name;
    let longer = `${namespace}__${name}`;
    while (taken.has(longer)) longer += "_";
    taken.add(longer);
    return longer;
  });
}

function choiceOf(
  given: ToolFields["tool_choice"],
  known: readonly (readonly [string, ClientTool])[],
): ToolChoice {
  if (typeof given === "string" || !given) return modeOf(given);
  const namesOf = (one: z.output<typeof namedOne>): readonly string[] => {
    const found = known.filter(
      ([, { name, namespace }]) =>
        name === one.name && (!one.namespace || namespace === one.namespace),
    );
    return found.length > 0 ? found.map(([name]) => name) : [one.name];
  };
  if (given.type !== "allowed_tools") return choiceOfOne(namesOf(given));
  return choiceAmong(
    given.tools.flatMap((one) => (one.type === "hosted" ? [] : namesOf(one))),
    given.mode,
  );
}
