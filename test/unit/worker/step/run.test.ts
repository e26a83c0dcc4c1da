// One request in the worker, independent of any slot: its text, its end, its credit, and what wakes it while parked.

import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Ending } from "../../../../src/generation/events.ts";
import { PLAIN_OUTPUT, type PreparedRequest } from "../../../../src/generation/request.ts";
import { Run } from "../../../../src/worker/step/run.ts";
import { ended } from "../../../support/clients/receipts.ts";
import { PLAIN_PREPARED } from "../../../support/clients/requests.ts";

const NO_GRAMMARS = {
  begin: () => {
    throw new Error("no grammar is wanted here");
  },
  feed: () => false,
};

/** Every byte is a token. */
function makeRun(
  request: Partial<PreparedRequest> = {},
  creditBytes = 1000,
  reasoningEnding: readonly number[] = [],
): Run {
  return new Run({
    id: "r1",
    cacheScope: "",
    request: { ...PLAIN_PREPARED, ...request },
    creditBytes,
    detokenize: (tokens) => Buffer.from(tokens).toString("utf8"),
    controlTokens: () => new Map(),
    grammars: NO_GRAMMARS,
    reasoningEnding,
  });
}

/** The result of each byte: its text, and the end of the answer. */
function acceptAll(run: Run, given: string) {
  return [...Buffer.from(given)].map((byte) => shown(run.accept(byte)));
}

function shown(events: ReturnType<Run["accept"]>) {
  const last = events.at(-1);
  const end = last?.type === "finish" ? last : null;
  const ending = end && { reason: end.reason, stopString: end.stopString };
  return text(textOf(events), ending);
}

function textOf(events: ReturnType<Run["accept"]>): string {
  return events.map((event) => (event.type === "finish" ? "" : event.text)).join("");
}

function text(given: string, end: Ending | null) {
  return { text: given, end };
}

/** Whether `act` wakes a parked run. */
async function isWokenBy(run: Run, act: () => void): Promise<boolean> {
  let isWoken = false;
  void run.woken().then(() => {
    isWoken = true;
  });
  await turn();
  expect(isWoken).toBe(false);
  act();
  await turn();
  return isWoken;
}

test("returns the text of each token, and continues", () => {
  expect(acceptAll(makeRun(), "ab")).toEqual([text("a", null), text("b", null)]);
});

test("ends at a stop string made of several tokens, and sends no part of it", () => {
  expect(acceptAll(makeRun({ stop: ["cd"] }), "bcd")).toEqual([
    text("b", null),
    text("", null),
    text("", { reason: "stop", stopString: "cd" }),
  ]);
});

test("ends at max_tokens, and sends text that was held back for a stop string", () => {
  expect(acceptAll(makeRun({ stop: ["bcX"], maxTokens: 3 }), "abc")).toEqual([
    text("a", null),
    text("", null),
    text("bc", ended("length")),
  ]);
});

test("reports `stop` when the last allowed token completes a stop string", () => {
  const accepted = acceptAll(makeRun({ stop: ["bc"], maxTokens: 3 }), "abc");

  expect(accepted.at(-1)).toEqual(text("", { reason: "stop", stopString: "bc" }));
});

test("sends a replacement character for a character that max_tokens cut in two", () => {
  const run = makeRun({ maxTokens: 1 });

  expect(shown(run.accept(0xc3))).toEqual(text("\uFFFD", ended("length")));
});

test("sends held-back text when the model ends its answer", () => {
  const run = makeRun({ stop: ["END"] });
  acceptAll(run, "xEN");

  expect(shown(run.finish("stop"))).toEqual(text("EN", ended("stop")));
});

test("finds a stop string that only the last flushed text completes", () => {
  const run = makeRun({ stop: ["\uFFFD"] });
  run.accept(0xc3);

  expect(shown(run.finish("length"))).toEqual(text("", { reason: "stop", stopString: "\uFFFD" }));
});

test("counts prompt, cached and generated tokens separately", () => {
  const run = makeRun();
  run.tally.cachedTokens = 2;
  acceptAll(run, "abcd");

  expect(run.tally.usage).toEqual({
    promptTokens: 3,
    cachedTokens: 2,
    completionTokens: 4,
    reasoningTokens: 0,
  });
  expect(run.tokens).toEqual([1, 2, 3, 97, 98, 99, 100]);
});

test("may not end before min_tokens, and never with ignore_eos", () => {
  const [run, endless] = [makeRun({ minTokens: 2 }), makeRun({ ignoreEos: true })];
  acceptAll(run, "a");
  acceptAll(endless, "abc");
  expect(run.mayEnd).toBe(false);

  acceptAll(run, "b");

  expect(run.mayEnd).toBe(true);
  expect(endless.mayEnd).toBe(false);
});

test("is out of credit when it has sent as many UTF-8 bytes as it was granted", () => {
  const run = makeRun({}, 3);

  acceptAll(run, "é");
  expect(run.isOutOfCredit).toBe(false);
  acceptAll(run, "x");

  expect(run.isOutOfCredit).toBe(true);
});

test("spends no credit on text that it holds back", () => {
  const run = makeRun({ stop: ["abc"] }, 1);

  acceptAll(run, "ab");

  expect(run.isOutOfCredit).toBe(false);
});

test("does not wait at all while there is credit", async () => {
  await expect(makeRun().woken()).resolves.toBeUndefined();
});

test("stays parked while new credit does not cover its overdraft", async () => {
  const run = makeRun({}, 1);
  acceptAll(run, "ab");

  const woken = run.woken().then(() => "awake");
  run.addCredit(1);
  expect(await Promise.race([woken, turn().then(() => "asleep")])).toBe("asleep");
  run.addCredit(1);

  expect(await woken).toBe("awake");
});

test("is woken by credit", async () => {
  const run = makeRun({}, 0);

  expect(await isWokenBy(run, () => run.addCredit(1))).toBe(true);
  expect(run.isSuspendWanted).toBe(false);
});

test("is woken by an abort", async () => {
  const run = makeRun({}, 0);

  expect(await isWokenBy(run, () => run.abort())).toBe(true);
  expect(run.isAborted).toBe(true);
});

test("is woken by a suspension", async () => {
  const run = makeRun({}, 1);
  run.accept(97);

  expect(await isWokenBy(run, () => run.suspend())).toBe(true);
  expect(run.isSuspendWanted).toBe(true);
});

test("can be suspended only while it is parked: otherwise its reader has just caught up", async () => {
  const run = makeRun({}, 1);
  run.accept(97);

  run.suspend();
  expect(run.isSuspendWanted).toBe(false);
  await isWokenBy(run, () => run.addCredit(1));
  run.suspend();

  expect(run.isSuspendWanted).toBe(false);
});

test("cannot be suspended after an echoed prompt alone, because the next run would echo it again", async () => {
  const run = makeRun({ stop: ["aX"] }, 1);
  run.promptDelta("the prompt");
  run.accept(97); // its text is held back

  run.suspend();
  await isWokenBy(run, () => run.addCredit(100));

  expect(run.isSuspendWanted).toBe(false);
});

test("ends reasoning with the format's ending once the budget is used up", () => {
  const output = {
    ...PLAIN_OUTPUT,
    reasoningFormat: "think",
    startsInReasoning: true,
    reasoningBudgetTokens: 2,
  };
  const run = makeRun({ output }, 1000, [...Buffer.from("</think>")]);

  acceptAll(run, "h");
  expect(run.takeForced()).toEqual([]);
  acceptAll(run, "m");
  const forced = run.takeForced();

  expect(Buffer.from(forced).toString()).toBe("</think>");
  for (const token of forced) run.accept(token);
  expect(run.takeForced()).toEqual([]);
  expect(run.tally.usage.reasoningTokens).toBe(2 + forced.length);
});

test("sends logprobs with the text of their tokens, and none for text that a stop string cut off", () => {
  const run = makeRun({ stop: ["bc"] });
  const score = (char: string) => ({
    id: 0,
    text: char,
    bytes: [...Buffer.from(char)],
    logprob: -1,
    alternatives: [],
  });
  const deltas = [..."abc"].flatMap((char) => {
    run.addLogprobs(score(char));
    return run.accept(char.charCodeAt(0)).filter(({ type }) => type !== "finish");
  });

  expect(deltas).toMatchObject([
    { type: "text-delta", text: "a", tokens: 1, ids: [97], logprobs: [score("a")] },
  ]);
});

test("reports `tool-calls` when the answer ends with a call", () => {
  const output = { ...PLAIN_OUTPUT, toolFormat: "hermes", toolNames: ["f"] };
  const run = makeRun({ output });

  acceptAll(run, '<tool_call>{"name": "f", "arguments": {}}</tool_call>');

  expect(shown(run.finish("stop"))).toEqual(text("", ended("tool-calls")));
});

/** Deltas by the number of tokens before them, and the token ids in them. */
function heard(run: Run, tokens: readonly number[]) {
  return tokens.map((token) => {
    const accepted = run.accept(token);
    const forced = run.takeForced().flatMap((each) => run.accept(each));
    const all = [...accepted, ...forced].filter((event) => event.type !== "finish");
    return {
      text: all.map((delta) => `${delta.type[0]}:${delta.text}`).join("|"),
      ids: all.flatMap(({ ids = [] }) => ids),
    };
  });
}

const THINKING: Partial<PreparedRequest> = {
  output: {
    ...PLAIN_OUTPUT,
    reasoningFormat: "think",
    startsInReasoning: true,
    reasoningBudgetTokens: 4,
  },
};

test.each([
  ["plain text", {}, "ab\u00e9\u{1F984}cd"],
  ["a stop string that comes nearly", { stop: ["cdX", "END"] }, "abcdENcdENzz"],
  ["reasoning that uses up its budget", THINKING, "hm, so five it is"],
])("goes on in another worker as if nothing had happened: %s", (_what, request, given) => {
  const tokens = [...Buffer.from(given)];
  const ending = [...Buffer.from("</think>")];
  const whole = heard(makeRun(request, 1000, ending), tokens);

  for (let cut = 0; cut < tokens.length; cut++) {
    const first = heard(makeRun(request, 1000, ending), tokens.slice(0, cut));
    const known = first.flatMap(({ ids }) => ids);
    const second = makeRun(request, 1000, ending);
    expect(second.replay(known)).toEqual([]);
    const unheard =
      cut - first.reduce((last, { ids }, index) => (ids.length > 0 ? index + 1 : last), 0);
    const rest = heard(second, tokens.slice(cut - unheard));
    expect([...first.slice(0, cut - unheard), ...rest].map((each) => each.text)).toEqual(
      whole.map((each) => each.text),
    );
  }
});

test("continues the forced end of reasoning that a lost worker had begun", () => {
  const ending = [...Buffer.from("</think>")];
  const run = makeRun(THINKING, 1000, ending);

  expect(run.replay([...Buffer.from("hm, ")])).toEqual(ending);
  const interrupted = makeRun(THINKING, 1000, ending);
  expect(interrupted.replay([...Buffer.from("hm, </th")])).toEqual([...Buffer.from("ink>")]);
  expect(interrupted.isOutOfCredit).toBe(false);
});

function firstReading([first]: ReturnType<Run["accept"]>) {
  return first?.type === "finish" ? null : first?.prompt;
}

test("reports how the prompt was read once, with its first token", () => {
  const run = makeRun();
  run.tally.cachedTokens = 2;
  run.tally.prefillMs = 7;
  const prompts = [...Buffer.from("ab")].map((byte) => firstReading(run.accept(byte)));

  expect(prompts).toEqual([{ cachedTokens: 2, prefixTier: "slot", prefillMs: 7 }, undefined]);
  const resumed = makeRun();
  resumed.replay([97]);
  expect(firstReading(resumed.accept(98))).toBeUndefined();
});
