// Tool calls in any dialect: the arguments that a client sends back, and the ids of the calls that the model makes.

import type { Json, ToolCall } from "../../generation/request.ts";
import { refuseShape } from "./json-shape.ts";
import { invalidValue, isObject } from "./refusals.ts";

/** @param text a JSON object as text. @throws ServiceError 400 naming the field */
export function readArguments(text: string, param: string): ToolCall["arguments"] {
  if (text.trim() === "") return {};
  const value = parsed(text);
  if (!isObject(value)) throw invalidValue(param, "must be a JSON object written as a string");
  refuseShape(value, param);
  return value as ToolCall["arguments"]; // it came out of JSON
}

/** Null if the text is not JSON. The parser's own message is dropped because it would quote the client's text. */
function parsed(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const MAX_CALLS_PER_CHOICE = 4096;

/** Derived from the answer's id, so that a streamed and a buffered answer have the same call ids. */
export function callId(prefix: string, answerId: string, index: number, choice = 0): string {
  const number = `${choice * MAX_CALLS_PER_CHOICE + index}`.padStart(6, "0");
  return `${prefix}_${answerId.slice(0, 18)}${number}`;
}
