// Answer of GET /v1/usage, which only this server has: what keys have used since the server started, and their current
// requests.

import { z } from "zod";
import type { KeyUsage } from "../../generation/events.ts";

/** Usage per key since the server started: the caller's key, or all keys for an admin. */
export const usageList = z.strictObject({
  object: z.literal("list"),
  since: z.int(),
  data: z.array(
    z.strictObject({
      object: z.literal("key.usage"),
      key: z.string(),
      requests: z.int().min(0),
      prompt_tokens: z.int().min(0),
      cached_tokens: z.int().min(0),
      completion_tokens: z.int().min(0),
      running: z.int().min(0),
      waiting: z.int().min(0),
    }),
  ),
});

export type UsageLine = KeyUsage & {
  /** The key's name. */
  readonly name: string;
  readonly running: number;
  readonly waiting: number;
};

export function encodeUsage(
  lines: readonly UsageLine[],
  startedAtSeconds: number,
): z.output<typeof usageList> {
  const data = lines.map((line) => ({
    object: "key.usage" as const,
    key: line.name,
    requests: line.requests,
    prompt_tokens: line.promptTokens,
    cached_tokens: line.cachedTokens,
    completion_tokens: line.completionTokens,
    running: line.running,
    waiting: line.waiting,
  }));
  return { object: "list", since: startedAtSeconds, data };
}
