// Tool calls in any dialect: the arguments that a client sends back, and the ids of the calls that the model makes.

import type { ToolCall } from "../../generation/request.ts";
import { checkShape } from "./json-shape.ts";
import { invalidValue, isObject } from "./refusals.ts";

/** @param text a JSON object as text. @throws ServiceError 400 naming the field; it does not quote the text */
export function readArguments(text: string, param: string): ToolCall["arguments"] {
  const value = parseArguments(text);
  if (!value) throw invalidValue(param, "must be a JSON object written as a string");
  checkShape(value, param);
  return value as ToolCall["arguments"]; // it came out of JSON
}

/** Null if the text is not a JSON object, for example because the call was cut off. */
export function parseArguments(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text.trim() === "" ? "{}" : text);
    return isObject(value) ? value : null;
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
