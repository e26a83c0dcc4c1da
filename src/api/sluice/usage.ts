// Answers of GET /v1/usage, which only this server has: what keys have used in all and what they are doing now, or what they
// have used on each day.

import { z } from "zod";
import type { KeyUsage } from "../../generation/events.ts";
import * as field from "../shared/field-types.ts";

const count = z.int().min(0);
const tokens = { prompt_tokens: count, cached_tokens: count, completion_tokens: count };

const keyUsage = z.strictObject({
  object: z.literal("key.usage"),
  key: z.string(),
  requests: count,
  ...tokens,
  tokens_today: count,
  tokens_this_month: count,
  running: count,
  waiting: count,
});

const dayUsage = z.strictObject({
  object: z.literal("key.usage.day"),
  day: z.iso.date(),
  key: z.string().nullable(),
  requests: count,
  ...tokens,
  budget_tokens: count,
});

/** Usage per key: of the caller's key, or of all keys for an admin. */
export const usageList = z.strictObject({
  object: z.literal("list"),
  since: z.int(),
  data: z.union([z.array(keyUsage), z.array(dayUsage)]),
});

const day = z.iso.date("must be a day such as 2027-01-31");

/** Query of GET /v1/usage. With one of the fields, the answer has one line for each day and key. */
export const usageQuery = z.object({
  from: field.optional(day, "First day, in UTC. Default: the first day with usage."),
  to: field.optional(day, "Last day, in UTC. Default: today."),
});

/** What a key has used in all. */
export type UsageLine = KeyUsage & {
  /** The key's name. */
  readonly name: string;
  /** Tokens of its budgets, of the current day and the current month in UTC. */
  readonly spentToday: number;
  readonly spentThisMonth: number;
  readonly running: number;
  readonly waiting: number;
};

/** What a key has used on a day. */
export type DailyLine = KeyUsage & {
  readonly day: string;
  /** Null for a key that was removed before one of its requests had ended. */
  readonly name: string | null;
  /** Tokens of its budgets. */
  readonly spentTokens: number;
};

export function encodeUsage(
  lines: readonly UsageLine[],
  sinceSeconds: number,
): z.output<typeof usageList> {
  const data = lines.map((line) => ({
    object: "key.usage" as const,
    key: line.name,
    ...encodeTokens(line),
    tokens_today: Math.round(line.spentToday),
    tokens_this_month: Math.round(line.spentThisMonth),
    running: line.running,
    waiting: line.waiting,
  }));
  return { object: "list", since: sinceSeconds, data };
}

export function encodeDailyUsage(
  lines: readonly DailyLine[],
  sinceSeconds: number,
): z.output<typeof usageList> {
  const data = lines.map((line) => ({
    object: "key.usage.day" as const,
    day: line.day,
    key: line.name,
    ...encodeTokens(line),
    budget_tokens: Math.round(line.spentTokens),
  }));
  return { object: "list", since: sinceSeconds, data };
}

function encodeTokens({ requests, promptTokens, cachedTokens, completionTokens }: KeyUsage) {
  return {
    requests,
    prompt_tokens: promptTokens,
    cached_tokens: cachedTokens,
    completion_tokens: completionTokens,
  };
}
