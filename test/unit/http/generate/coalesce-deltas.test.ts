// When deltas are sent: by words, by sentences, or by time.

import { afterEach, expect, test, vi } from "vitest";
import type { Flush } from "../../../../src/api/dialect.ts";
import type { GenerateEvent } from "../../../../src/generation/events.ts";
import { coalesceDeltas } from "../../../../src/http/generate/coalesce-deltas.ts";
import {
  callDelta,
  reasoningDelta,
  textDelta,
  tokenLogprob,
} from "../../../support/clients/receipts.ts";

afterEach(() => {
  vi.useRealTimers();
});

const FINISH: GenerateEvent = {
  type: "finish",
  reason: "stop",
  stopString: null,
  usage: { promptTokens: 1, cachedTokens: 0, completionTokens: 2, reasoningTokens: 0 },
  prefixTier: "slot",
  prefillMs: 3,
};

/** Deltas are not joined token by token. */
type JoinedFlush = Exclude<Flush, "token">;

async function* each(events: readonly GenerateEvent[]): AsyncGenerator<GenerateEvent, void> {
  yield* events;
}

async function sentOf(
  events: readonly GenerateEvent[],
  flush: JoinedFlush,
): Promise<GenerateEvent[]> {
  const sent: GenerateEvent[] = [];
  for await (const event of coalesceDeltas(each(events), flush)) sent.push(event);
  return sent;
}

async function textsOf(texts: readonly string[], flush: JoinedFlush): Promise<string[]> {
  const events = [...texts.map((text) => textDelta(text)), FINISH];
  const sent = await sentOf(events, flush);
  return sent.flatMap((event) => (event.type === "text-delta" ? [event.text] : []));
}

test.each<[JoinedFlush]>([[0]])("passes every event on unchanged with %j", async (flush) => {
  const events = [textDelta("a"), textDelta("b"), reasoningDelta("c"), callDelta(0, "f"), FINISH];

  expect(await sentOf(events, flush)).toEqual(events);
});

test.each([
  ["words", ["He", "llo", " wor", "ld", " again"], ["He", "llo", " world", " again"]],
  ["words with the space after them", ["One ", "tw", "o ", "three"], ["One ", "two ", "three"]],
  ["characters of scripts without spaces", ["你", "好", "世", "界"], ["你", "好", "世", "界"]],
  ["kana with a Latin word between them", ["こ", "ん", "ab", "cd", "は"], ["こ", "ん", "abcdは"]],
])("coalesces by word: %s", async (_what, texts, sent) => {
  expect(await textsOf(texts, "word")).toEqual(sent);
});

test.each([
  ["sentences", ["A", " b", ".", " C", " d!", " E"], ["A", " b.", " C d!", " E"]],
  [
    "a space after a sentence belongs to it",
    ["A", "b. ", "C", "d? ", "E"],
    ["A", "b. ", "Cd? ", "E"],
  ],
  [
    "a decimal point does not end a sentence",
    ["x", " is 3", ".", "14", " now.", " Yes"],
    ["x", " is 3.14 now.", " Yes"],
  ],
  ["a closing quote belongs to its sentence", ['"A', '", b', '."', " C"], ['"A', '", b."', " C"]],
  ["lines", ["- ", "one", "\n", "- two", "\n"], ["- ", "one\n", "- two\n"]],
  ["Chinese sentences", ["你", "好", "。", "世", "界", "！"], ["你", "好。", "世界！"]],
])("coalesces by sentence: %s", async (_what, texts, sent) => {
  expect(await textsOf(texts, "sentence")).toEqual(sent);
});

test.each([
  ["word", 201, 2],
  ["sentence", 2_001, 2],
] as const)("sends a %s that does not end once it is too long", async (flush, chars, parts) => {
  const sent = await textsOf(["-", ...Array(chars).fill("x")], flush);

  expect(sent).toHaveLength(parts + 1);
  expect(sent.join("")).toBe(`-${"x".repeat(chars)}`);
});

test.each<[JoinedFlush]>([["word"], ["sentence"], [1000]])(
  "holds nothing past reasoning, a tool call or the end with %j",
  async (flush) => {
    const sent = await sentOf(
      [
        ...[
          reasoningDelta("a"),
          reasoningDelta("b"),
          reasoningDelta("c"),
          textDelta("d"),
          textDelta("e"),
        ],
        ...[callDelta(0, "f", "{"), callDelta(0, null, "}"), callDelta(1, "g"), FINISH],
      ],
      flush,
    );

    const types = sent.map(({ type }) => type).filter((type, i, all) => type !== all[i - 1]);
    expect(types).toEqual(["reasoning-delta", "text-delta", "tool-call-delta", "finish"]);
    const textOf = (type: string) =>
      sent.map((event) => (event.type === type && "text" in event ? event.text : "")).join("");
    expect([textOf("reasoning-delta"), textOf("text-delta")]).toEqual(["abc", "de"]);
    const names = sent.flatMap((event) => ("name" in event && event.name ? [event.name] : []));
    expect(names).toEqual(["f", "g"]);
  },
);

test.each<[JoinedFlush]>([["word"], ["sentence"]])(
  "passes tool calls on unchanged with %j",
  async (flush) => {
    const calls = [callDelta(0, "f"), callDelta(0, null, '{"a'), callDelta(0, null, '":1}')];

    const sent = await sentOf([textDelta("a"), textDelta("b"), ...calls, FINISH], flush);

    expect(sent.slice(2)).toEqual([...calls, FINISH]);
  },
);

test("joins the logprobs of deltas sent together, and adds up their tokens", async () => {
  const deltas = ["He", "l", "lo", " you"].map((text) =>
    textDelta(text, { logprobs: [tokenLogprob(text, -1)] }),
  );

  const sent = await sentOf([...deltas, FINISH], "word");

  expect(sent[1]).toMatchObject({ text: "llo", tokens: 2 });
  expect(sent[1]).toMatchObject({ logprobs: [tokenLogprob("l", -1), tokenLogprob("lo", -1)] });
  expect(
    sent.slice(0, -1).flatMap((event) => ("logprobs" in event ? event.logprobs : [])),
  ).toHaveLength(4);
});

test("passes prompt progress on at once, before the first text", async () => {
  const progress = { type: "prefill", total: 9, cached: 0, processed: 5, ms: 1 } as const;

  for (const flush of ["word", "sentence", 1000] as const)
    expect((await sentOf([progress, textDelta("a"), FINISH], flush))[0]).toEqual(progress);
});

/** Events that arrive at these times, and when they were sent on, in ms rounded down to tens. */
async function timed(
  arrivals: readonly (readonly [ms: number, event: GenerateEvent])[],
  ms: number,
) {
  vi.useFakeTimers();
  const startMs = performance.now();
  const sent: [number, string][] = [];
  async function* coming(): AsyncGenerator<GenerateEvent, void> {
    for (const [atMs, event] of arrivals) {
      const waitMs = startMs + atMs - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      yield event;
    }
  }
  const reading = (async () => {
    for await (const event of coalesceDeltas(coming(), ms))
      sent.push([
        Math.floor((performance.now() - startMs) / 10) * 10,
        "text" in event ? event.text : event.type,
      ]);
  })();
  await vi.advanceTimersByTimeAsync(10_000);
  await reading;
  return sent;
}

test("sends the first text at once, then the joined text once per interval", async () => {
  const arrivals = ["a", "b", "c", "d", "e"].map((text, i) => [i * 30, textDelta(text)] as const);

  const sent = await timed([...arrivals, [500, FINISH]], 100);

  expect(sent).toEqual([
    [0, "a"],
    [100, "bcd"],
    [200, "e"],
    [500, "finish"],
  ]);
});

test("does not hold text after a pause, nor the end", async () => {
  const sent = await timed(
    [
      [0, textDelta("a")],
      [500, textDelta("b")],
      [510, textDelta("c")],
      [520, FINISH],
    ],
    100,
  );

  expect(sent).toEqual([
    [0, "a"],
    [500, "b"],
    [520, "c"],
    [520, "finish"],
  ]);
});

test("clears its timer and ends its source when the reader stops early", async () => {
  vi.useFakeTimers();
  const onEnd = vi.fn();
  async function* endless(): AsyncGenerator<GenerateEvent, void> {
    try {
      for (;;) {
        yield textDelta("a");
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    } finally {
      onEnd();
    }
  }

  const leave = async (flush: JoinedFlush) => {
    for await (const _ of coalesceDeltas(endless(), flush)) break;
  };
  const left = Promise.all([leave("word"), leave("sentence"), leave(100)]);
  await vi.advanceTimersByTimeAsync(1_000);
  await left;

  expect(onEnd).toHaveBeenCalledTimes(3);
  expect(vi.getTimerCount()).toBe(0);
});

test.each<[JoinedFlush]>([["word"], ["sentence"], [100]])(
  "fails with the error of its source with %j",
  async (flush) => {
    const error = new Error("broken");
    async function* breaking(): AsyncGenerator<GenerateEvent, void> {
      yield textDelta("a");
      throw error;
    }

    const read = async () => {
      for await (const event of coalesceDeltas(breaking(), flush))
        expect(event).toEqual(textDelta("a"));
    };

    await expect(read()).rejects.toBe(error);
  },
);
