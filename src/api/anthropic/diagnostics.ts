// The field `diagnostics`: compares a prompt with that of an earlier message.
// https://platform.claude.com/docs/en/build-with-claude/cache-diagnostics

import { z } from "zod";
import type { PromptComparison } from "../../generation/cache-miss.ts";
import * as field from "../shared/field-types.ts";

const ID_PREFIX = "msg_";

export const diagnosticsField = field.optional(
  z.looseObject({
    previous_message_id: field.text(
      "Id of an earlier message of the same key; null for the first one.",
    ),
  }),
  "Asks how the prompt differs from that of an earlier message; the answer has it in `diagnostics`.",
);

export function messageId(id: string): string {
  return ID_PREFIX + id;
}

/** The part of `ParsedRequest` that asks for a comparison. */
export function readDiagnostics(given: z.output<typeof diagnosticsField>): {
  readonly comparesWith?: string;
} {
  const id = given?.previous_message_id;
  return id ? { comparesWith: id.replace(ID_PREFIX, "") } : {};
}

const missed = { cache_missed_input_tokens: z.int().min(0) };

export const anthropicDiagnostics = z
  .strictObject({
    cache_miss_reason: z.discriminatedUnion("type", [
      z.strictObject({ type: z.literal("model_changed"), ...missed }),
      z.strictObject({ type: z.literal("system_changed"), ...missed }),
      z.strictObject({ type: z.literal("tools_changed"), ...missed }),
      z.strictObject({ type: z.literal("messages_changed"), ...missed }),
      z.strictObject({ type: z.literal("previous_message_not_found") }),
      z.strictObject({ type: z.literal("unavailable") }),
    ]),
  })
  .nullable();

/** Null if the prompt only continues the earlier one, or there is none to compare with. */
export function encodeDiagnostics(
  comparison: PromptComparison | undefined,
): z.output<typeof anthropicDiagnostics> {
  switch (comparison?.type) {
    case "changed": {
      const { what, missedTokens } = comparison;
      const type = `${what}_changed` as const;
      return { cache_miss_reason: { type, cache_missed_input_tokens: missedTokens } };
    }
    case "not-found":
      return { cache_miss_reason: { type: "previous_message_not_found" } };
    case "unavailable":
      return { cache_miss_reason: { type: "unavailable" } };
    case "same":
    case undefined:
      return null;
  }
}
