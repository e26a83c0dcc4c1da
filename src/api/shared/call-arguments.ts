// The arguments of a call that comes back with a conversation: a text that holds a JSON object.

import { ServiceError } from "../../errors.ts";
import type { Json, ToolCall } from "../../generation/request.ts";
import { refuseShape } from "./json-shape.ts";

/** @throws ServiceError 400 naming the field */
export function readArguments(text: string, param: string): ToolCall["arguments"] {
  if (text.trim() === "") return {};
  const value = parsed(text);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new ServiceError("invalid_value", `${param} must be the text of a JSON object`, {
      param,
    });
  refuseShape(value, param);
  return value as ToolCall["arguments"]; // an object, as just seen
}

/** Null for what is no JSON: the parser's own words would quote the client's text. */
function parsed(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
