// Validates a request body against its schema, and decides what happens to the fields that the schema does not have: a promise
// that cannot be kept is refused, a wish is left out and named. All dialects call it. The rule: docs/conformance.md

import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import { checkShape } from "./json-shape.ts";
import { entriesFor } from "./policy-entries.ts";
import { invalidValue, isObject, notSupported } from "./refusals.ts";

/**
 * Unsupported fields, each with the values that are accepted because they change nothing. Null and empty lists or objects
 * are always accepted. A name may be a path: `options.mirostat`.
 */
export type Unsupported = Readonly<Record<string, readonly unknown[]>>;

/** Unsupported field → the field or route that does the same here. */
export type Replacements = Readonly<Record<string, string>>;

/** How an API treats the fields that its schema does not have. */
export type FieldPolicy = {
  /** Promises: fields whose absence would make the answer wrong. They are refused. */
  readonly unsupported: Unsupported;
  /** Where to find what an unsupported field does. */
  readonly replacements?: Replacements;
  /** Wishes: fields that are left out and named in `x-ignored-params`, like unknown ones, except with these values. */
  readonly wishes?: Unsupported;
  /** Other names of fields, at the top level → their names here. */
  readonly sameAs?: Readonly<Record<string, string>>;
};

const REPLACEMENTS: Replacements = {
  echo: "POST /v1/completions",
  suffix: "POST /v1/completions",
  best_of: "n",
  prompt: "messages",
  input: "messages",
  messages: "POST /v1/chat/completions",
  tools: "POST /v1/chat/completions",
  tool_choice: "POST /v1/chat/completions",
  chat_template_kwargs: "POST /v1/chat/completions",
  functions: "tools",
  function_call: "tool_choice",
  format: "response_format",
  guided_json: "response_format",
  structured_outputs: "response_format",
};

/** One table, so that its index is built once. */
const NO_FIELDS: Unsupported = {};

/** Errors quote the client's field names up to this many characters. */
const MAX_QUOTED_NAME = 100;

/** Unknown fields that are accepted without being listed as ignored, because they never change an answer. */
export const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  user: "The end user. Ignored.",
  metadata: "The client's notes. Ignored.",
  store: "Ignored: the answer is not stored.",
  safety_identifier: "The end user. Ignored.",
  prompt_cache_key: "Ignored: every prompt is cached.",
  prompt_cache_retention: "Ignored: every prompt is cached.",
};

/**
 * Validates a body, and refuses unsupported fields that would change the answer.
 * @returns the parsed fields, and the names of wishes and unknown fields
 * @throws ServiceError 400 naming the field
 */
export function parseBody<T extends z.ZodType>(
  schema: T,
  given: unknown,
  {
    unsupported = NO_FIELDS,
    replacements,
    wishes = NO_FIELDS,
    sameAs = {},
  }: Partial<FieldPolicy> = {},
): { readonly fields: z.output<T>; readonly ignoredParams: readonly string[] } {
  if (!isObject(given)) throw new ServiceError("invalid_json", "the body must be a JSON object");
  checkShape(given, null);
  for (const { name, path, harmless } of entriesFor(given, unsupported)) {
    if (changesNothing(valueAt(given, path), harmless)) continue;
    throw unsupportedField(name, harmless, replacementFor(name, schema, replacements));
  }
  const body = withOurNames(given, sameAs);
  const result = schema.safeParse(body);
  if (!result.success) throw toServiceError(result.error, body);
  return { fields: result.data, ignoredParams: ignoredIn(body, schema, [wishes, unsupported]) };
}

/** @param tables fields with the values that need no mention */
function ignoredIn(
  body: object,
  schema: z.ZodType,
  tables: readonly Unsupported[],
): readonly string[] {
  const names = new Set<string>();
  collectUnknown(body, schema, "", names);
  for (const name of names) if (Object.hasOwn(WITHOUT_EFFECT, name)) names.delete(name);
  for (const { name, path, harmless } of tables.flatMap((table) => entriesFor(body, table)))
    if (changesNothing(valueAt(body, path), harmless)) names.delete(name);
    else names.add(name);
  return [...names];
}

function changesNothing(value: unknown, harmless: readonly unknown[]): boolean {
  return isEmpty(value) || harmless.some((each) => isDeepStrictEqual(each, value));
}

/** @throws ServiceError 400 if both names of a field are given, with different values */
function withOurNames(
  given: Readonly<Record<string, unknown>>,
  sameAs: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  const others = Object.keys(sameAs).filter((name) => Object.hasOwn(given, name));
  if (others.length === 0) return given;
  const body = { ...given };
  for (const other of others) {
    const ours = sameAs[other] ?? other;
    const value = body[other];
    delete body[other];
    if (isEmpty(value)) continue;
    if (!isEmpty(body[ours]) && !isDeepStrictEqual(body[ours], value))
      throw invalidValue(
        other,
        `says the same as ${ours}, with another value; send only one of them`,
      );
    body[ours] = value;
  }
  return body;
}

function unsupportedField(
  name: string,
  harmless: readonly unknown[],
  replacement: string | null,
): ServiceError {
  const values = harmless.map((each) => JSON.stringify(each)).join(" or ");
  const allowed = values === "" ? "" : `; omit it or set it to ${values}`;
  const where = replacement ? `here; use ${replacement}` : "by this server";
  return notSupported(name, `is not supported ${where}${allowed}`);
}

/**
 * The field or route that does the same as an unsupported field. The usual replacement is given only if the schema has it.
 * @param replacements the dialect's own replacements
 */
export function replacementFor(
  name: string,
  schema: z.ZodType,
  replacements: Replacements = {},
): string | null {
  const [own, usual] = [replacements[name], REPLACEMENTS[name]];
  if (own !== undefined || usual === undefined) return own ?? null;
  if (usual.startsWith("POST ") || !(schema instanceof z.ZodObject)) return usual;
  return usual.split(" or ").every((field) => Object.hasOwn(schema.shape, field)) ? usual : null;
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** Walks objects and lists along with their schema. A value of unspecified type has no unknown fields. */
function collectUnknown(value: unknown, schema: unknown, path: string, names: Set<string>): void {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodArray && Array.isArray(value)) {
    const itemPath = `${path}[]`;
    for (const item of value) collectUnknown(item, inner.element, itemPath, names);
  }
  if (inner instanceof z.ZodUnion && typeof value === "object")
    collectUnknown(value, optionOf(inner, value), path, names);
  if (!(inner instanceof z.ZodObject) || typeof value !== "object" || value === null) return;
  const known: Record<string, unknown> = inner.shape;
  for (const [name, field] of Object.entries(value)) {
    const fieldPath = path === "" ? name : `${path}.${name}`;
    if (Object.hasOwn(known, name)) collectUnknown(field, known[name], fieldPath, names);
    else names.add(fieldPath);
  }
}

/** The option of a union that a valid value matched. Parses only as a last resort, because lists may be long. */
function optionOf(union: z.ZodUnion, value: object | null): unknown {
  const options = union.options as readonly z.ZodType[];
  if (value === null) return undefined;
  if (union instanceof z.ZodDiscriminatedUnion)
    return options.find((option) => hasKind(unwrapped(option), union.def.discriminator, value));
  const fitting = options.filter((option) => mayBe(unwrapped(option), value));
  if (fitting.length === 1) return fitting[0];
  return fitting.find((option) => option.safeParse(value).success);
}

function hasKind(option: unknown, discriminator: string, value: object): boolean {
  const kind: unknown = option instanceof z.ZodObject ? option.shape[discriminator] : null;
  const given: unknown = Reflect.get(value, discriminator);
  // Parsing would be slow for thousands of objects.
  if (kind instanceof z.ZodLiteral) return (kind.values as ReadonlySet<unknown>).has(given);
  return kind instanceof z.ZodType && kind.safeParse(given).success;
}

function mayBe(option: unknown, value: object): boolean {
  if (option instanceof z.ZodArray) return Array.isArray(value);
  return option instanceof z.ZodObject ? !Array.isArray(value) : option instanceof z.ZodUnion;
}

/** Removes the wrappers of optional and defaulted fields. */
function unwrapped(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable)
    return unwrapped(schema.unwrap());
  if (schema instanceof z.ZodPipe) return unwrapped(schema.in);
  return schema;
}

/** Reports the first problem with its path. Never quotes the client's values, which may be private. */
function toServiceError(error: z.ZodError, body: object): ServiceError {
  const issue = error.issues[0] && mostSpecific(error.issues[0]);
  if (!issue) return new ServiceError("invalid_value", "the body is not valid");
  const param = showPath(issue.path);
  if (valueAt(body, issue.path) === undefined)
    return new ServiceError("missing_parameter", `${param} is required`, { param });
  return new ServiceError("invalid_value", `${param}: ${wordsFor(issue)}`, { param });
}

/** The problem with the one form whose type a value has, if its forms differ in their type. */
function mostSpecific(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const fitting = issue.errors.filter((problems) => !problems.some(isAboutType));
  const [[inner] = []] = fitting;
  if (!inner || fitting.length !== 1 || inner.path.length === 0) return issue;
  return mostSpecific({ ...inner, path: [...issue.path, ...inner.path] });
}

function isAboutType({ path }: z.core.$ZodIssue): boolean {
  return path.length === 1 && path[0] === "type";
}

export function valueAt(body: object, path: readonly PropertyKey[]): unknown {
  let at: unknown = body;
  for (const key of path) {
    const isHolder = typeof at === "object" && at !== null && Object.hasOwn(at, key);
    at = isHolder ? (at as Readonly<Record<PropertyKey, unknown>>)[key] : undefined;
  }
  return at;
}

/** zod's type names → the names of JSON types. */
const JSON_TYPES: Readonly<Record<string, string>> = {
  record: "an object",
  object: "an object",
  array: "a list",
  int: "an integer",
  number: "a number",
  string: "a string",
  boolean: "true or false",
};

/** States what is allowed: the schema's own message if it has one, else one made from zod's issue. */
function wordsFor(issue: z.core.$ZodIssue): string {
  const isOwn = !/^(Invalid|Too (big|small))/.test(issue.message);
  if (isOwn) return issue.message;
  switch (issue.code) {
    case "invalid_type":
      return `must be ${JSON_TYPES[issue.expected] ?? issue.expected}`;
    case "too_small":
      return `must ${bounded(issue.origin, `at least ${issue.minimum}`)}`;
    case "too_big":
      return `must ${bounded(issue.origin, `at most ${issue.maximum}`)}`;
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    default:
      return issue.message;
  }
}

function bounded(origin: string, bound: string): string {
  if (origin === "array") return `have ${bound} elements`;
  return origin === "string" ? `have ${bound} characters` : `be ${bound}`;
}

function showPath(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => {
      if (typeof key === "number") return `[${key}]`;
      const name = String(key).slice(0, MAX_QUOTED_NAME).toWellFormed();
      return index === 0 ? name : `.${name}`;
    })
    .join("");
}
