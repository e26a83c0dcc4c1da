// Parses the settings that are typed as JSON: the schema of the answer, the tools and the logit biases.

import { type Parsed, readJson } from "./json-text.ts";

export type JsonObject = { readonly [name: string]: unknown };

const MAX_TOOLS = 256;
const MAX_BIASES = 1024;
const TOKEN_ID = /^\d{1,9}$/;
export const TOOL_NAME = /^[A-Za-z0-9_.-]{1,128}$/;

/** Null if the text is empty. */
export function readSchema(text: string): Parsed<JsonObject | null> {
  if (text.trim() === "") return { value: null };
  const read = readJson(text);
  if ("problem" in read) return read;
  if (isObject(read.value)) return { value: read.value };
  return { problem: 'a JSON schema must be an object, such as {"type": "object"}' };
}

/** An empty list if the text is empty. */
export function readTools(text: string): Parsed<readonly JsonObject[]> {
  if (text.trim() === "") return { value: [] };
  const read = readJson(text);
  if ("problem" in read) return read;
  if (!Array.isArray(read.value))
    return { problem: "tools must be a list: put [ before the first tool and ] after the last" };
  const tools: readonly unknown[] = read.value;
  if (tools.length > MAX_TOOLS)
    return { problem: `at most ${MAX_TOOLS} tools are allowed; there are ${tools.length}` };
  return readEach(tools);
}

/** Biases by token id. Null if the text is empty. */
export function readLogitBias(text: string): Parsed<JsonObject | null> {
  if (text.trim() === "") return { value: null };
  const read = readJson(text);
  if ("problem" in read) return read;
  if (!isObject(read.value)) return { problem: 'enter an object, such as {"1234": -100}' };
  const biases = Object.entries(read.value);
  if (biases.length > MAX_BIASES)
    return { problem: `at most ${MAX_BIASES} tokens are allowed; there are ${biases.length}` };
  const wrong = biases.find(([id, bias]) => !TOKEN_ID.test(id) || !isBias(bias));
  if (!wrong) return { value: read.value };
  return { problem: `"${wrong[0]}": a token id needs a number from -100 to 100` };
}

function isBias(value: unknown): boolean {
  return typeof value === "number" && Math.abs(value) <= 100;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readEach(tools: readonly unknown[]): Parsed<readonly JsonObject[]> {
  const names = new Set<string>();
  for (const [index, tool] of tools.entries()) {
    const problem = toolProblem(tool, names);
    if (problem !== null) return { problem: `tool ${index + 1}: ${problem}` };
  }
  return { value: tools as readonly JsonObject[] }; // `toolProblem` checked that each is one
}

/** @param names names of the earlier tools; the function adds this tool's name */
function toolProblem(tool: unknown, names: Set<string>): string | null {
  if (!isObject(tool)) return "it must be an object";
  if (tool.type !== "function") return 'its "type" must be "function"';
  if (!isObject(tool.function)) return 'it needs a "function" object';
  const { name, description, parameters } = tool.function;
  if (typeof name !== "string" || name === "") return 'its "function" needs a "name"';
  if (!TOOL_NAME.test(name))
    return `the name "${name}" must have 1 to 128 letters (a to z), digits, dots, _ or -`;
  if (names.has(name)) return `another tool already has the name "${name}"`;
  names.add(name);
  if (typeof (description ?? "") !== "string") return 'its "description" must be a string';
  return isObject(parameters ?? {}) ? null : 'its "parameters" must be a JSON schema';
}
