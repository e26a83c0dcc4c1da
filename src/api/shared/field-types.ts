// The kinds of fields that request schemas are made of. Each field has a description, which the OpenAPI document shows.

import { z } from "zod";

/** Keyword in the published JSON schema. */
export const WITHOUT_EFFECT_MARK = "x-without-effect";
/** Internal keyword; removed before the document is published. */
export const OR_TEXT_MARK = "orText";

/** A field whose default applies if it is absent or null, as in OpenAI's API. */
export function defaulted<T extends z.ZodType>(schema: T, value: z.output<T>) {
  return schema
    .nullish()
    .transform((given) => given ?? value)
    .meta({ default: value });
}

/** A boolean field with its default. */
export function toggle(value: boolean, description: string) {
  return defaulted(z.boolean(), value).describe(description);
}

/** Marks a field that is validated but does not change the answer. */
export function withoutEffect<T extends z.ZodType>(schema: T, description: string): T {
  return schema.meta({ description, [WITHOUT_EFFECT_MARK]: true });
}

/** A field whose value is neither validated nor used. */
export function ignored(description: string) {
  return withoutEffect(z.unknown().optional(), description);
}

/** A field that may only have the value that changes nothing. @param reason the error for other values */
export function mustBe<const T extends string | false>(values: readonly T[], reason: string) {
  const description = `${reason[0]?.toUpperCase()}${reason.slice(1)}.`;
  return withoutEffect(z.literal(values, reason).nullish(), description);
}

/** A field that may only be null. @param reason the error for other values */
export function refused(reason: string) {
  return z.null(reason).optional().describe("Must be null.");
}

/** A field that has been refused before the schema is applied, unless it is null. */
export const alreadyRefused = z
  .unknown()
  .meta({ type: "null", description: "Must be null." })
  .optional();

/** Marks a list that a client may also write as a string; the string becomes a list before the schema is applied. */
export function orText<T extends z.ZodType>(schema: T): T {
  return schema.meta({ [OR_TEXT_MARK]: true });
}

/** The field that distinguishes the forms of an object. */
export function kind<const T extends string>(names: T | readonly T[], error?: string) {
  const values = typeof names === "string" ? [names] : names;
  return z.literal(values, error).describe("The form of this object.");
}

/** The author of a message. */
export function role<const T extends string>(...names: T[]) {
  return z.literal(names).describe("The author of the message.");
}

/**
 * JSON schema of a text, its token ids, or a list of either.
 * @param text keywords for a text. @param id keywords for a token id
 */
export function textsOrIds(maxItems: number, text: object, id: object): readonly object[] {
  const one = { type: "string", ...text };
  const ids = { type: "array", items: { type: "integer", minimum: 0, ...id }, minItems: 1 };
  const listOf = (items: object) => ({ type: "array", items, minItems: 1, maxItems });
  return [one, ids, listOf(one), listOf(ids)];
}
