// The tools of chat completions: functions, and custom tools whose input is one text.
// https://platform.openai.com/docs/api-reference/chat/create

import { z } from "zod";
import type { AskedTool, ToolUse } from "../../generation/request.ts";
import { customFields, customTool } from "../shared/custom-tools.ts";
import * as field from "../shared/field-types.ts";
import {
  allowedTools,
  choiceAmong,
  choiceOfOne,
  functionTool,
  hostedIn,
  hostedTool,
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

const own = z.discriminatedUnion("type", [
  functionTool,
  field.form("custom", { custom: z.looseObject(customFields).describe("The custom tool.") }),
]);

const namedOne = z.discriminatedUnion("type", [
  field.form("function", {
    function: z.looseObject({ name: toolName }).describe("The function."),
  }),
  field.form("custom", {
    custom: z.looseObject({ name: toolName }).describe("The custom tool."),
  }),
]);

export const chatToolFields = {
  tools: toolList(z.union([own, hostedTool(["function", "custom"])], { error: TOOL_TYPES })),
  tool_choice: toolChoice(
    namedOne,
    field.form("allowed_tools", {
      allowed_tools: z.looseObject(allowedTools(namedOne)).describe("A subset of the tools."),
    }),
    '{type: "function", function: {name}}',
  ),
  parallel_tool_calls: parallelCalls,
};

type ChatToolFields = z.output<z.ZodObject<typeof chatToolFields>>;

export type ChatTools = {
  /** Null if the model may not call any tool. */
  readonly use: ToolUse<AskedTool> | null;
  /** Names of the custom tools. */
  readonly customNames: ReadonlySet<string>;
  /** Tools and formats that are left out. */
  readonly ignored: readonly string[];
};

/** @throws ServiceError 400 naming the tool */
export function readChatTools(fields: ChatToolFields): ChatTools {
  const tools: AskedTool[] = [];
  const paths: string[] = [];
  const customNames = new Set<string>();
  const ignored: string[] = [];
  for (const [index, given] of (fields.tools ?? []).entries()) {
    const path = `tools[${index}]`;
    if (given.type === "hosted") {
      ignored.push(path);
      continue;
    }
    paths.push(`${path}.${given.type}.name`);
    if (given.type === "function") tools.push(readFunction(given, `${path}.function`));
    else {
      const custom = customTool(given.custom, `${path}.custom`);
      customNames.add(given.custom.name);
      tools.push(custom.tool);
      ignored.push(...custom.ignored);
    }
  }
  refuseDuplicateNames(
    tools.map(({ name }) => name),
    (index) => paths[index] ?? "tools",
  );
  const choice = fields.tool_choice;
  if (typeof choice === "object" && choice?.type === "allowed_tools")
    ignored.push(...hostedIn(choice.allowed_tools.tools, "tool_choice.allowed_tools.tools"));
  const use = toolUse(tools, choiceOf(fields.tool_choice), fields.parallel_tool_calls);
  return { use, customNames, ignored };
}

function choiceOf(given: ChatToolFields["tool_choice"]): ToolChoice {
  if (typeof given === "string" || !given) return modeOf(given);
  if (given.type !== "allowed_tools") return choiceOfOne([nameOf(given)]);
  const { mode, tools } = given.allowed_tools;
  return choiceAmong(
    tools.flatMap((tool) => (tool.type === "hosted" ? [] : nameOf(tool))),
    mode,
  );
}

function nameOf(given: z.output<typeof namedOne>): string {
  return given.type === "custom" ? given.custom.name : given.function.name;
}
