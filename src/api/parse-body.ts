// A body against its schema, and what becomes of every field that the schema does not have.

import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { ServiceError } from "../errors.ts";
import { refuseShape } from "./json-shape.ts";

/** Values with which an unsupported field changes nothing. Null and empty lists or objects never do. */
export type Unsupported = Readonly<Record<string, readonly unknown[]>>;

/** Names of a client's own come back in errors, but not however long they are. */
const LONGEST_NAME = 100;

/** Accepted although they do nothing here, because they change no answer. */
const WITHOUT_EFFECT = [
  "user",
  "metadata",
  "store",
  "safety_identifier",
  "prompt_cache_key",
  "prompt_cache_retention",
];

/**
 * Checks a body against its schema, and every other field of it: refused if it would change the answer.
 * @returns the parsed fields, and the names of fields that nobody knows
 * @throws ServiceError 400 naming the field
 */
export function parseBody<T extends z.ZodType>(
  schema: T,
  body: unknown,
  unsupported: Unsupported,
): { readonly fields: z.output<T>; readonly ignoredParams: readonly string[] } {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new ServiceError("invalid_json", "the body must be a JSON object");
  }
  refuseShape(body, null);
  for (const [name, value] of Object.entries(body)) refuseUnsupported(name, value, unsupported);
  const result = schema.safeParse(body);
  if (!result.success) throw toServiceError(result.error, body);
  return { fields: result.data, ignoredParams: unknownFields(body, schema, unsupported) };
}

function refuseUnsupported(name: string, value: unknown, unsupported: Unsupported): void {
  if (!Object.hasOwn(unsupported, name)) return;
  const harmless = unsupported[name] ?? [];
  if (isEmpty(value) || harmless.some((allowed) => isDeepStrictEqual(allowed, value))) return;
  const allowed =
    harmless.length > 0 ? `; it may be left out or ${harmless.map(show).join(" or ")}` : "";
  throw new ServiceError(
    "unsupported_parameter",
    `${name} is not supported by this server${allowed}`,
    {
      param: name,
    },
  );
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function show(value: unknown): string {
  return JSON.stringify(value);
}

function unknownFields(body: object, schema: z.ZodType, unsupported: Unsupported): string[] {
  const names = new Set<string>();
  collectUnknown(body, schema, "", names);
  return [...names].filter(
    (name) => !Object.hasOwn(unsupported, name) && !WITHOUT_EFFECT.includes(name),
  );
}

/** Walks objects and lists beside their schema; what the schema takes as it is has no unknown fields. */
function collectUnknown(value: unknown, schema: unknown, path: string, names: Set<string>): void {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodArray && Array.isArray(value)) {
    for (const item of value) collectUnknown(item, inner.element, `${path}[]`, names);
  }
  if (inner instanceof z.ZodUnion && typeof value === "object") {
    const options = inner.options as readonly z.ZodType[];
    collectUnknown(
      value,
      options.find((option) => option.safeParse(value).success),
      path,
      names,
    );
  }
  if (!(inner instanceof z.ZodObject) || typeof value !== "object" || value === null) return;
  const known: Record<string, unknown> = inner.shape;
  for (const [name, field] of Object.entries(value)) {
    const fieldPath = path === "" ? name : `${path}.${name}`;
    if (Object.hasOwn(known, name)) collectUnknown(field, known[name], fieldPath, names);
    else names.add(fieldPath);
  }
}

/** Without the wrappers of optional and defaulted fields. */
function unwrapped(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable)
    return unwrapped(schema.unwrap());
  if (schema instanceof z.ZodPipe) return unwrapped(schema.in);
  return schema;
}

/** The first problem, with its path as the client would write it. The client's values stay out of it: they may be private. */
function toServiceError(error: z.ZodError, body: object): ServiceError {
  const issue = error.issues[0];
  if (!issue) return new ServiceError("invalid_value", "the body is not valid");
  const param = showPath(issue.path);
  const isMissing = issue.path.length === 1 && !Object.hasOwn(body, issue.path[0] ?? "");
  if (isMissing) {
    return new ServiceError("missing_parameter", `${param} is required`, { param });
  }
  return new ServiceError("invalid_value", `${param}: ${issue.message}`, { param });
}

function showPath(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => {
      if (typeof key === "number") return `[${key}]`;
      const name = String(key).slice(0, LONGEST_NAME).toWellFormed();
      return index === 0 ? name : `.${name}`;
    })
    .join("");
}
