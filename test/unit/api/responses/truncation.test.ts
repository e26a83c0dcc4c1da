// The items that are left out of a conversation that does not fit.

import { expect, test } from "vitest";
import type { InputItem } from "../../../../src/api/responses/items.ts";
import {
  cutsOf,
  earliestWithinLimits,
  omittedBefore,
} from "../../../../src/api/responses/truncation.ts";

/** s: system, u: user, a: assistant, c: call, r: its result, t: reasoning. */
function items(letters: string): InputItem[] {
  const kinds: Record<string, InputItem> = {
    s: { type: "message", role: "system", content: "s" },
    u: { type: "message", role: "user", content: "u" },
    a: { type: "message", role: "assistant", content: "a" },
    c: { type: "function_call", call_id: "1", name: "f", arguments: "{}" },
    r: { type: "function_call_output", call_id: "1", output: "r" },
    t: { type: "reasoning", summary: [] },
  };
  return [...letters].flatMap((letter) => kinds[letter] ?? []);
}

/** The items that remain in each of the shorter forms. */
function formsOf(letters: string): string[] {
  const given = items(letters);
  return cutsOf(given).map((cut) => {
    const omitted = omittedBefore(cut, given);
    return [...letters].filter((_, place) => !omitted.includes(place)).join("");
  });
}

test.each([
  ["whole turns, from the oldest on", "uauau", ["uau", "u"]],
  ["never the system's messages", "suasuau", ["ssuau", "ssu"]],
  ["calls with their results", "ucraucrau", ["ucrau", "u"]],
  ["steps of the work on the last question", "uautcrtcra", ["utcrtcra", "utcra", "ua"]],
  ["nothing of a single question", "u", []],
  ["nothing where there is only the system", "s", []],
  ["steps of work that no question began", "crcra", ["cra", "a"]],
])("leaves out %s", (_what, letters, forms) => {
  expect(formsOf(letters)).toEqual(forms);
});

test("is fast with very many items", () => {
  const many = items("ua".repeat(40_000));

  expect(cutsOf(many)).toHaveLength(39_999);
});

test.each([
  ["whole", "ua".repeat(2_500), 0],
  ["from its last 5,000 items on", "ua".repeat(4_000), 3_000],
  ["from where the system's messages leave room", `${"s".repeat(100)}${"ua".repeat(4_000)}`, 3_200],
  ["from nowhere if the system's messages are too many", "s".repeat(5_001), 5_002],
])("a conversation is prepared %s", (_what, letters, from) => {
  expect(earliestWithinLimits(items(letters))).toBe(from);
});

test("a conversation is prepared from the first item within the limits", () => {
  const million = (index: number): InputItem => ({
    ...{ type: "message" as const, role: "user" as const },
    content: `${index}`.repeat(1_000_000),
  });

  expect(earliestWithinLimits([1, 2, 3, 4, 5, 6, 7].map(million))).toBe(3);
});
