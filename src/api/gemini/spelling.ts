// Bodies as Google's JSON reader takes them: names in snake_case too, and one of something where a list is meant. Here they
// get one form, with names in camelCase. https://protobuf.dev/programming-guides/json/

import { ServiceError } from "../../errors.ts";
import { refuseShape } from "../shared/json-shape.ts";

/** What is in these is the client's own. */
const OPAQUE = [
  ...["args", "response", "labels", "default", "example", "enum"],
  ...["responseJsonSchema", "parametersJsonSchema"],
];
/** The names in these are the client's own, and behind each is a schema. */
const NAMING = ["properties"];
/** Google's own examples write one content, or one part, without its list. */
const LISTS = ["contents", "parts"];

/** @throws ServiceError 400 for a field that is there in both spellings, and for what is nested too deep to be walked */
export function spelled(body: unknown): unknown {
  if (!isObject(body)) return body;
  refuseShape(body, null);
  return withSpelling(body);
}

function withSpelling(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSpelling);
  if (!isObject(value)) return value;
  const fields = new Map<string, unknown>();
  for (const [given, field] of Object.entries(value)) {
    const name = camelCase(given);
    if (fields.has(name))
      throw new ServiceError("invalid_value", `${name} is there twice, in two spellings`, {
        param: name,
      });
    fields.set(name, fieldOf(name, field));
  }
  return Object.fromEntries(fields);
}

function fieldOf(name: string, field: unknown): unknown {
  if (OPAQUE.includes(name)) return field;
  if (NAMING.includes(name) && isObject(field)) {
    return Object.fromEntries(
      Object.entries(field).map(([each, schema]) => [each, withSpelling(schema)]),
    );
  }
  const inner = withSpelling(field);
  return LISTS.includes(name) && isObject(inner) ? [inner] : inner;
}

function camelCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
