// Items of tools that are not functions, such as a shell or a search: what a model can read of them is a call with arguments,
// and a result. They come from earlier answers of other servers.

import type { ToolCall } from "../../generation/request.ts";
import { textWithNotes } from "../shared/parts.ts";
import { isObject } from "../shared/refusals.ts";
import { readArguments } from "../shared/tool-calls.ts";

type HostedItem = Readonly<Record<string, unknown>>;

export type HostedReading = {
  /** Id that the call and its result share. */
  readonly id: string;
  readonly call: Omit<ToolCall, "id"> | null;
  /** Null if the item has no result. */
  readonly result: string | null;
};

/** Type of a call → the tool's name, and the fields with its arguments. Results are in items of their own, or in the call. */
const CALLS: Readonly<Record<string, readonly [name: string, ...fields: string[]]>> = {
  local_shell_call: ["local_shell", "action"],
  shell_call: ["shell", "action"],
  apply_patch_call: ["apply_patch", "operation"],
  computer_call: ["computer", "action", "actions"],
  code_interpreter_call: ["code_interpreter", "code"],
  file_search_call: ["file_search", "queries"],
  tool_search_call: ["tool_search", "arguments"],
  mcp_call: ["mcp", "arguments"],
};

/** Types of results that are items of their own → the field with the result. */
const RESULTS: Readonly<Record<string, string>> = {
  local_shell_call_output: "output",
  shell_call_output: "output",
  apply_patch_call_output: "output",
  computer_call_output: "output",
  tool_search_output: "tools",
};

/** Fields of a call that hold its result. */
const OWN_RESULTS = ["output", "outputs", "results", "error"];

/** @returns null for an item without text: an image, a search of the vendor, encrypted content */
export function readHosted(item: HostedItem): HostedReading | null {
  const type = String(item.type);
  const id = String(item.call_id ?? item.id ?? type);
  const resultField = Object.hasOwn(RESULTS, type) ? RESULTS[type] : undefined;
  if (resultField !== undefined) return { id, call: null, result: resultText(item[resultField]) };
  const known = Object.hasOwn(CALLS, type) ? CALLS[type] : undefined;
  if (!known) return null;
  const [tool, ...fields] = known;
  const name = typeof item.name === "string" && item.name !== "" ? item.name : tool;
  const own = OWN_RESULTS.map((each) => item[each]).find((value) => value != null);
  const result = own === undefined ? null : resultText(own);
  return { id, call: { name, arguments: argumentsIn(item, fields) }, result };
}

function argumentsIn(item: HostedItem, fields: readonly string[]): ToolCall["arguments"] {
  const name = fields.find((each) => item[each] != null);
  const value = name === undefined ? {} : item[name];
  if (typeof value === "string" && name === "arguments") return readArguments(value);
  const whole = isObject(value) ? value : { [name ?? "input"]: value };
  return whole as ToolCall["arguments"]; // it came out of JSON
}

/** The text that a tool printed, found or returned. */
function resultText(value: unknown): string {
  if (!Array.isArray(value)) return isObject(value) ? textOfResult(value) : textWithNotes(value);
  return value
    .map((each) => (isObject(each) ? textOfResult(each) : textWithNotes(each)))
    .join("\n");
}

function textOfResult(each: HostedItem): string {
  const { stdout, stderr, logs, outcome } = each;
  const printed = [stdout, stderr, logs].filter((text) => typeof text === "string" && text !== "");
  if (printed.length > 0 || outcome !== undefined)
    return [...printed, ...failure(outcome)].join("\n");
  if (typeof each.text === "string" || /image|screenshot|file_id/.test(String(each.type)))
    return textWithNotes([each]);
  return JSON.stringify(each);
}

function failure(outcome: unknown): readonly string[] {
  if (!isObject(outcome)) return [];
  if (outcome.type === "timeout") return ["(timed out)"];
  const code = outcome.exit_code;
  return typeof code === "number" && code !== 0 ? [`(exit code ${code})`] : [];
}
