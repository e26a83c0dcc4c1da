// Normalizes Gemini bodies before they are parsed: snake_case names become camelCase, and a single content or part becomes
// a list. Google's JSON reader accepts both forms. https://protobuf.dev/programming-guides/json/

import { checkShape } from "../shared/json-shape.ts";
import { invalidValue, isObject } from "../shared/refusals.ts";
import { SCHEMAS_BY_NAME } from "./schema.ts";

/** Fields whose contents are the client's own. */
const OPAQUE = [
  "args",
  "response",
  "labels",
  "default",
  "example",
  "enum",
  "const",
  "examples",
  "schema",
  "responseJsonSchema",
  "parametersJsonSchema",
];
/** Google's own examples write a single content or part without a list. */
const LISTS = ["contents", "parts", "responseFormat"];

/** @throws ServiceError 400 for a field given in both spellings, and for a body that is nested too deeply */
export function inCamelCase(body: unknown): unknown {
  if (!isObject(body)) return body;
  checkShape(body, null);
  return normalized(body);
}

function normalized(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normalized);
  if (!isObject(value)) return value;
  const fields = new Map<string, unknown>();
  for (const [given, field] of Object.entries(value)) {
    const name = camelCase(given);
    if (fields.has(name)) throw invalidValue(name, "is given twice, in two spellings");
    fields.set(name, fieldOf(name, field));
  }
  return Object.fromEntries(fields);
}

function fieldOf(name: string, field: unknown): unknown {
  if (OPAQUE.includes(name)) return field;
  if (SCHEMAS_BY_NAME.includes(name) && isObject(field)) {
    return Object.fromEntries(
      Object.entries(field).map(([each, schema]) => [each, normalized(schema)]),
    );
  }
  const inner = normalized(field);
  return LISTS.includes(name) && isObject(inner) ? [inner] : inner;
}

function camelCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
