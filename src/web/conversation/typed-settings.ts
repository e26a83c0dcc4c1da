// The two settings that are typed as JSON: the schema of the answer, and the tools.

import { type Read, readJson } from "./json-text.ts";

export type JsonObject = { readonly [name: string]: unknown };

const MOST_TOOLS = 128;
const TOOL_NAME = /^[A-Za-z0-9_.-]{1,128}$/;

/** The JSON schema as it was typed; null where nothing was. */
export function readSchema(text: string): Read<JsonObject | null> {
  if (text.trim() === "") return { value: null };
  const read = readJson(text);
  if ("problem" in read) return read;
  if (isObject(read.value)) return { value: read.value };
  return { problem: 'a JSON schema is an object, as {"type": "object"}' };
}

/** The tools as they were typed; none where nothing was. */
export function readTools(text: string): Read<readonly JsonObject[]> {
  if (text.trim() === "") return { value: [] };
  const read = readJson(text);
  if ("problem" in read) return read;
  if (!Array.isArray(read.value))
    return { problem: "tools are a list: put [ before the first one and ] behind the last" };
  const tools: readonly unknown[] = read.value;
  if (tools.length > MOST_TOOLS)
    return { problem: `at most ${MOST_TOOLS} tools; these are ${tools.length}` };
  return readEach(tools);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readEach(tools: readonly unknown[]): Read<readonly JsonObject[]> {
  const read: JsonObject[] = [];
  const names = new Set<string>();
  for (const [index, tool] of tools.entries()) {
    const problem = isObject(tool) ? toolProblem(tool, names) : "it is not an object";
    if (problem !== null) return { problem: `tool ${index + 1}: ${problem}` };
    if (isObject(tool)) read.push(tool);
  }
  return { value: read };
}

/** @param names of the tools before it; this one's is added */
function toolProblem(tool: JsonObject, names: Set<string>): string | null {
  if (tool.type !== "function") return 'its "type" has to be "function"';
  if (!isObject(tool.function)) return 'it needs a "function" with a name';
  const { name, description, parameters } = tool.function;
  if (typeof name !== "string" || name === "") return 'its "function" needs a "name"';
  if (!TOOL_NAME.test(name))
    return `the name "${name}" may have up to 128 letters (a to z), digits, dots, _ and -`;
  if (names.has(name)) return `there is another tool with the name "${name}"`;
  names.add(name);
  if (typeof (description ?? "") !== "string") return 'its "description" has to be a text';
  return isObject(parameters ?? {}) ? null : 'its "parameters" have to be a JSON schema';
}
