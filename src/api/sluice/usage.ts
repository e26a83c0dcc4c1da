// Answer of GET /v1/usage, which only this server has: what keys have used since the server started, and their current
// requests.

import type { KeyUsage } from "../../generation/events.ts";
import type { UsageList } from "./server-answers.ts";

export type UsageLine = KeyUsage & {
  /** The key's name. */
  readonly name: string;
  readonly running: number;
  readonly waiting: number;
};

export function encodeUsage(lines: readonly UsageLine[], startedAtSeconds: number): UsageList {
  return { object: "list", since: startedAtSeconds, data: lines.map(encodeLine) };
}

function encodeLine(line: UsageLine): UsageList["data"][number] {
  return {
    object: "key.usage",
    key: line.name,
    requests: line.requests,
    prompt_tokens: line.promptTokens,
    cached_tokens: line.cachedTokens,
    completion_tokens: line.completionTokens,
    running: line.running,
    waiting: line.waiting,
  };
}
