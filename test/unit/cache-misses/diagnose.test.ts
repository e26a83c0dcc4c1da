// Every reason why a prompt misses the cache, and the cases that have none.

import { describe, expect, test } from "vitest";
import {
  compare,
  diagnose,
  type KnownPrompt,
  NO_MISS,
} from "../../../src/cache-misses/diagnose.ts";
import type { PromptPrint } from "../../../src/cache-misses/prompt-print.ts";
import type { PromptComparison } from "../../../src/generation/cache-miss.ts";
import { BLOCK_TOKENS, sharedBlocks } from "../../../src/generation/prefix-hashes.ts";
import type { Prompt } from "../../../src/generation/request.ts";
import { conversation, read, words } from "../../support/prompts.ts";

const SYSTEM = words("system");
const TOOLS = [words("search"), words("fetch")];
const TURNS = [words("question"), words("answer"), words("next")];
const NEW_TURNS = [...TURNS, words("reply"), words("last")];
const earlier = conversation({ system: SYSTEM, tools: TOOLS, messages: TURNS });
const continued = conversation({ system: SYSTEM, tools: TOOLS, messages: NEW_TURNS });

const sentBy = (owner: string, print: PromptPrint, cacheScope = owner): KnownPrompt => ({
  owner,
  cacheScope,
  print,
});

type Given = {
  readonly print?: PromptPrint;
  readonly known?: readonly KnownPrompt[];
  readonly cachedTokens?: number;
  readonly cacheScope?: string;
};

/** Of the continued conversation, unless the test gives another. */
function diagnosed({ print = read(continued), known, cachedTokens = 0, cacheScope = "a" }: Given) {
  return diagnose(print, {
    owner: "a",
    cacheScope,
    cachedTokens,
    known: known ?? [sentBy("a", read(earlier))],
  });
}

function change(system: string, tools: readonly string[], messages: readonly string[]): Prompt {
  return conversation({ system, tools, messages });
}

const CHANGES: readonly (readonly [where: string, Prompt, part: string, message: number | null])[] =
  [
    [
      "the system prompt's first line",
      change(`12:05\n${SYSTEM}`, TOOLS, NEW_TURNS),
      "system",
      null,
    ],
    ["the whole system prompt", change("Other.", TOOLS, NEW_TURNS), "system", null],
    ["a tool", change(SYSTEM, [TOOLS[0] ?? "", "x"], NEW_TURNS), "tools", null],
    ["the order of the tools", change(SYSTEM, TOOLS.toReversed(), NEW_TURNS), "tools", null],
    ["the number of tools", change(SYSTEM, [], NEW_TURNS), "tools", null],
    ["the first message", change(SYSTEM, TOOLS, ["x", ...NEW_TURNS.slice(1)]), "messages", 0],
    ["a later message", change(SYSTEM, TOOLS, NEW_TURNS.with(1, "x")), "messages", 1],
    ["the beginning, cut off", change(SYSTEM, TOOLS, NEW_TURNS.slice(2)), "messages", 0],
  ];

/** The cache has what the prompt shares with the earlier one. */
function afterSharedPrefix(print: PromptPrint, known = [sentBy("a", read(earlier))]) {
  const cachedTokens = sharedBlocks(print.blocks, read(earlier).blocks) * BLOCK_TOKENS;
  return diagnosed({ print, known, cachedTokens });
}

describe("a changed prefix", () => {
  test.each(CHANGES)("is found in %s", (_where, prompt, part, message) => {
    const { told, logged } = afterSharedPrefix(read(prompt));

    expect(told).toMatchObject({ reason: "prefix_changed", change: { part, message } });
    expect(logged).toBe(told);
  });

  test("misses the tokens after the change that are in both prompts, not the new ones", () => {
    const print = read(change(`12:05\n${SYSTEM}`, [], NEW_TURNS));
    const before = read(change(`12:00\n${SYSTEM}`, [], TURNS));

    const { told } = diagnosed({ print, known: [sentBy("a", before)] });

    expect(told?.sharedTokens).toBe(0);
    expect(told?.missedTokens).toBeGreaterThan(before.tokens * 0.95);
    expect(told?.missedTokens).toBeLessThanOrEqual(before.tokens);
  });

  test("is located by the tokens that are equal before it, in whole blocks", () => {
    const { told } = afterSharedPrefix(read(change(SYSTEM, TOOLS, NEW_TURNS.with(1, "x"))));

    const unchanged = read(
      conversation({ system: SYSTEM, tools: TOOLS, messages: [TURNS[0] ?? ""] }),
    );
    expect(told?.sharedTokens).toBe(Math.floor((unchanged.tokens + 1) / 64) * 64);
  });

  test("is compared with the prompt that it costs the most of", () => {
    const other = change("Other.", [], TURNS.slice(0, 1));
    const known = [other, earlier, other].map((each) => sentBy("a", read(each)));

    const { told } = afterSharedPrefix(read(change(SYSTEM, TOOLS, NEW_TURNS.with(1, "x"))), known);

    expect(told?.change).toEqual({ part: "messages", message: 1 });
  });
});

describe("the other reasons", () => {
  test("evicted: the prefix was read before, and the cache has less of it", () => {
    const { told, logged } = diagnosed({ cachedTokens: 64 });

    const shared = Math.floor(read(earlier).tokens / 64) * 64;
    expect(told).toEqual({
      reason: "evicted",
      missedTokens: shared - 64,
      sharedTokens: shared,
      change: null,
    });
    expect(logged).toBe(told);
  });

  test("evicted, if the prefix before a change was longer than what the change costs", () => {
    const print = read(change(SYSTEM, TOOLS, NEW_TURNS.with(1, "x")));

    expect(diagnosed({ print }).told).toMatchObject({ reason: "evicted" });
  });

  test("template: the same conversation is rendered in another way", () => {
    const print = read(continued, { template: "Today is Monday." });

    expect(diagnosed({ print }).told).toMatchObject({ reason: "template", sharedTokens: 0 });
  });

  test("model: the conversation was read by another model", () => {
    const known = [sentBy("a", read(earlier, { model: "other" }))];

    expect(diagnosed({ known }).told).toMatchObject({
      reason: "model",
      missedTokens: read(earlier).tokens,
    });
  });

  test("scope is for the log only: another key has sent the prefix", () => {
    const { told, logged } = diagnosed({ known: [sentBy("b", read(earlier))] });

    expect(told).toBeNull();
    expect(logged).toMatchObject({ reason: "scope" });
  });

  test("with a shared cache, another key's prefix was evicted, and the client is not told", () => {
    const known = [sentBy("b", read(earlier), "")];

    const { told, logged } = diagnosed({ known, cacheScope: "" });

    expect(told).toBeNull();
    expect(logged).toMatchObject({ reason: "evicted" });
  });
});

const NONE: readonly (readonly [what: string, Given])[] = [
  ["the first prompt", { known: [] }],
  ["a prompt that is almost all cached", { cachedTokens: read(continued).tokens - 255 }],
  ["a prompt whose known prefix is cached", { cachedTokens: read(earlier).tokens - 200 }],
  [
    "new messages after a change that has been read since",
    {
      print: read(change("Tuesday.", TOOLS, NEW_TURNS)),
      known: [
        sentBy("a", read(change("Monday.", TOOLS, TURNS))),
        sentBy("a", read(change("Tuesday.", TOOLS, TURNS))),
      ],
      cachedTokens: read(change("Tuesday.", TOOLS, TURNS)).tokens - 100,
    },
  ],
  [
    "new messages after the template has changed, and the prompt was read since",
    {
      print: read(continued, { template: "Tuesday." }),
      known: [sentBy("a", read(earlier)), sentBy("a", read(earlier, { template: "Tuesday." }))],
      cachedTokens: read(earlier).tokens - 100,
    },
  ],
  [
    "another conversation with the same system prompt and tools, which are cached",
    {
      print: read(change(SYSTEM, TOOLS, [words("other")])),
      cachedTokens: read(change(SYSTEM, TOOLS, [""])).tokens,
    },
  ],
  ["another conversation", { print: read(change("Other.", [], [words("other", 500)])) }],
  [
    "a conversation that has only a short message in common",
    {
      print: read(change("Other.", [], ["Hi", words("other"), words("more")])),
      known: [sentBy("a", read(change(SYSTEM, TOOLS, ["Hi"])))],
    },
  ],
  [
    "a text",
    {
      print: read({ type: "text", text: words("text") }),
      known: [sentBy("a", read({ type: "text", text: words("other") }))],
    },
  ],
];

test.each(NONE)("there is no reason for %s", (_what, given) => {
  expect(diagnosed(given)).toEqual(NO_MISS);
});

test("a text that was read before is evicted too", () => {
  const print = read({ type: "text", text: words("text") });

  expect(diagnosed({ print, known: [sentBy("a", print)] }).told).toMatchObject({
    reason: "evicted",
  });
});

describe("a prompt compared with a named one", () => {
  const same: PromptComparison = { type: "same" };
  const changed = (what: string) => expect.objectContaining({ type: "changed", what }) as never;
  const CASES: readonly (readonly [what: string, PromptPrint, PromptComparison])[] = [
    ["is the same", read(earlier), same],
    ["continues it", read(continued), same],
    ["has another model", read(continued, { model: "other" }), changed("model")],
    ["is rendered in another way", read(continued, { template: "x" }), { type: "unavailable" }],
    [
      "has another last message",
      read(change(SYSTEM, TOOLS, TURNS.with(2, "x"))),
      changed("messages"),
    ],
    ["is shorter", read(change(SYSTEM, TOOLS, TURNS.slice(0, 1))), changed("messages")],
    ...CHANGES.map(
      ([where, prompt, part]) => [`differs in ${where}`, read(prompt), changed(part)] as const,
    ),
  ];

  test.each(CASES)("%s", (_what, print, expected) => {
    expect(compare(print, read(earlier))).toEqual(expected);
  });

  test("misses everything of the named prompt after the tokens that are equal", () => {
    const print = read(change(SYSTEM, TOOLS, TURNS.with(2, "x")));

    const { missedTokens, sharedTokens } = compare(print, read(earlier)) as {
      missedTokens: number;
      sharedTokens: number;
    };

    expect(sharedTokens).toBeGreaterThan(0);
    expect(missedTokens + sharedTokens).toBe(read(earlier).tokens);
  });
});
