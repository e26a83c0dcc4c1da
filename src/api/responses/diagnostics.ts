// Prompt cache diagnostics: compares a prompt with that of an earlier response.
// https://developers.openai.com/api/docs/guides/prompt-caching/diagnostics

import { z } from "zod";
import type { PromptComparison } from "../../generation/cache-miss.ts";
import * as field from "../shared/field-types.ts";

const ID_PREFIX = "resp_";

export const cacheOptionsField = field.optional(
  z.looseObject({
    comparison_response_id: field.text("Id of an earlier response of the same key."),
    mode: field.ignored(field.ALWAYS_CACHED),
    ttl: field.ignored(field.ALWAYS_CACHED),
  }),
  "Asks how the prompt differs from that of an earlier response; the answer has it in `prompt_cache_diagnostics`.",
);

type CacheOptions = z.output<typeof cacheOptionsField>;

export function responseId(id: string): string {
  return ID_PREFIX + id;
}

/** The part of `ParsedRequest` that asks for a comparison. */
export function readComparison(given: CacheOptions): { readonly comparesWith?: string } {
  const id = given?.comparison_response_id;
  return id ? { comparesWith: id.replace(ID_PREFIX, "") } : {};
}

const count = z.int().min(0);

export const cacheDiagnostics = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("cache_miss"),
    reason: z.enum(["model_changed", "tools_changed", "input_changed"]),
    cache_missed_tokens: count,
    comparison_reusable_tokens: count,
  }),
  z.strictObject({ type: z.literal("cache_hit") }),
  z.strictObject({ type: z.literal("comparison_response_not_found") }),
  z.strictObject({ type: z.literal("unavailable") }),
]);

const REASONS = {
  model: "model_changed",
  tools: "tools_changed",
  system: "input_changed",
  messages: "input_changed",
} as const;

export function encodeComparison(comparison: PromptComparison): z.output<typeof cacheDiagnostics> {
  switch (comparison.type) {
    case "changed":
      return {
        type: "cache_miss",
        reason: REASONS[comparison.what],
        cache_missed_tokens: comparison.missedTokens,
        comparison_reusable_tokens: comparison.sharedTokens,
      };
    case "same":
      return { type: "cache_hit" };
    case "not-found":
      return { type: "comparison_response_not_found" };
    case "unavailable":
      return { type: "unavailable" };
  }
}
