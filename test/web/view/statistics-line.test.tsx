// The statistics below an answer name why the prompt missed the cache.

import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import type { MissedTokens } from "../../../src/web/conversation/conversation.ts";
import { StatisticsLine } from "../../../src/web/view/answer/statistics-line.tsx";
import { answer } from "../conversation/samples.ts";

function shown(cacheMiss?: MissedTokens): string {
  const numbers = {
    ...{ queueMs: 1, prefillMs: 2, firstTokenMs: 3, totalMs: 4, promptTokens: 5 },
    ...{ cachedTokens: 6, generatedTokens: 7, seed: 8, ...(cacheMiss ? { cacheMiss } : {}) },
  };
  return renderToStaticMarkup(<StatisticsLine answer={answer("Hi", { numbers })} />);
}

test("names the part of the prompt that changed, or the server's reason", () => {
  expect(shown({ tokens: 512, cause: "system", message: null })).toContain(
    "512 (the system prompt changed)",
  );
  expect(shown({ tokens: 512, cause: "messages", message: 3 })).toContain(
    "512 (message 4 changed)",
  );
  expect(shown({ tokens: 512, cause: "evicted", message: null })).toContain(
    "512 (no longer cached)",
  );
});

test("shows nothing about the cache for a prompt that missed nothing", () => {
  expect(shown()).not.toContain("Missed");
});
