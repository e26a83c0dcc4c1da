// What a wire format says of itself: the schemas of what it takes and gives, and what it does with all other fields. The
// OpenAPI document, the page at /docs and docs/conformance.md are made of it.

import type { z } from "zod";
import type { ErrorCode } from "../../errors.ts";
import type { Replacements, Unsupported } from "./parse-body.ts";

export type Tag = "OpenAI" | "Anthropic" | "Ollama" | "Gemini" | "llama.cpp" | "Server";

export type Contract = {
  /** Of its schemas in the document, e.g. `ChatCompletion`. */
  readonly name: string;
  readonly tag: Tag;
  readonly summary: string;
  /** What a client may send. */
  readonly body: z.ZodType;
  /** Fields that are refused unless they ask for nothing. */
  readonly unsupported: Unsupported;
  readonly replacements?: Replacements;
  /** Fields that do nothing, and are named as unknown ones are. */
  readonly named?: readonly string[];
  /** A body that is answered. */
  readonly example: object;
  readonly answer: z.ZodType;
  /** The data of one event of a stream, where there are streams. */
  readonly event?: z.ZodType;
  /** Whether there is no other answer than a stream. */
  readonly isOnlyStreamed?: boolean;
  /** What a client says beside the body. */
  readonly query?: z.ZodType;
  /** What a stream's last event has as its data, if it is no JSON. */
  readonly lastData?: string;
  readonly error: z.ZodType;
  /** With which it refuses a body, beside those for wrong fields. */
  readonly codes: readonly ErrorCode[];
};

/** Key of a JSON schema in the document. */
export const WITHOUT_EFFECT_MARK = "x-without-effect";
/** Gone before the document is done. */
export const OR_TEXT_MARK = "orText";

/** Marks a field that is read and changes no answer. */
export function withoutEffect<T extends z.ZodType>(schema: T): T {
  return schema.meta({ [WITHOUT_EFFECT_MARK]: true });
}

/** Marks a list that may be written as one string: it has become a list before the schema is asked. */
export function orText<T extends z.ZodType>(schema: T): T {
  return schema.meta({ [OR_TEXT_MARK]: true });
}
