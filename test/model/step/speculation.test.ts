// Speculative decoding on the real model: with drafts at every step, right or wrong, each answer is what it is without drafts.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { StepEvent } from "../../../src/engine/messages.ts";
import type { PreparedRequest } from "../../../src/generation/request.ts";
import type { LoadedModel } from "../../../src/worker/load/model.ts";
import { answerReaderDeps } from "../../../src/worker/output/answer-reader.ts";
import { prepare } from "../../../src/worker/prompt/prepare.ts";
import { generate } from "../../../src/worker/step/generate.ts";
import { PromptSlices } from "../../../src/worker/step/prompt-slices.ts";
import { Run } from "../../../src/worker/step/run.ts";
import type { Slot } from "../../../src/worker/step/slots.ts";
import { type Drafter, Speculation } from "../../../src/worker/step/speculation.ts";
import { messagesPrompt, PLAIN_REQUEST } from "../../support/clients/requests.ts";
import { loadInProcess } from "../../support/engines/load-in-process.ts";
import { slotsOnly } from "../../support/engines/slots-only.ts";
import { STEADY_TURN } from "../../support/engines/steady-turn.ts";

let loaded: LoadedModel;
beforeAll(async () => {
  loaded = await loadInProcess({ slots: 2 });
});
afterAll(async () => loaded.model.dispose());

/** Drafts whatever the prompt predicts, and counts what becomes of it. */
class Eager extends Speculation {
  drafted = 0;
  override draft(drafter: Drafter, { most }: { readonly most: number }): readonly number[] {
    drafter.advance();
    const draft = drafter.predict(Math.min(5, most));
    this.drafted += draft.length;
    return draft;
  }
}

type Changes = Partial<typeof PLAIN_REQUEST>;
type Output = Partial<PreparedRequest["output"]>;

const QUESTION =
  "Repeat after me: one two three one two three one two four, one two three one two five.";

async function newRun(changes: Changes, output: Output, creditBytes: number) {
  const prompt = messagesPrompt([{ role: "user", content: QUESTION }]);
  const asked = { ...PLAIN_REQUEST, prompt, maxTokens: 60, ignoreEos: true, ...changes };
  const deps = { ...loaded, contextTokens: loaded.info.contextTokens };
  const prepared = await prepare({ request: asked }, deps, STEADY_TURN);
  const request = {
    ...prepared,
    reusePrefix: false, // so that every run computes the same
    output: { ...prepared.output, ...output },
  };
  const readerDeps = answerReaderDeps(loaded, request.output);
  return new Run({ id: "run", request, cacheScope: "", creditBytes, ...readerDeps });
}

async function complete(run: Run, speculation: Speculation | null, slotId = 0) {
  const events: StepEvent[] = [];
  const slices = new PromptSlices({ batchTokens: 128, targetMs: 0 });
  const emit = (event: StepEvent) => {
    events.push(event);
    if (event.type === "parked") setImmediate(() => run.addCredit(30));
  };
  const slot = loaded.slots[slotId] as Slot;
  const prefixes = slotsOnly([slot], loaded.batcher);
  const deps = { ...loaded, slices, prefixes, speculation, emit };
  events.push(...(await generate(run, { slot, saved: null }, deps)));
  const text = events
    .map((each) => (each.type === "output" && "text" in each.event ? each.event.text : ""))
    .join("");
  const tokens = run.tokens.slice(run.request.promptTokens.length);
  const last = events.at(-1);
  const end =
    last?.type === "output" && last.event.type === "finish"
      ? { ...last.event, prefillMs: 0 }
      : last;
  return { text, tokens, end, parked: events.filter(({ type }) => type === "parked").length };
}

const REASONING = "think";
const grammar = (text: string): Output => ({
  answerGrammar: { text, appliesFrom: "start" },
});

const sampling = (changes: object) => ({ sampling: { ...PLAIN_REQUEST.sampling, ...changes } });

type Case = readonly [name: string, Changes, Output, creditBytes: number];

const CASES: readonly Case[] = [
  ["a greedy answer", sampling({ temperature: 0 }), {}, 100_000],
  ["an answer that ends at a number of tokens", { maxTokens: 11 }, {}, 100_000],
  ["an answer that may not end early", { ignoreEos: false, minTokens: 55 }, {}, 100_000],
  [
    "an answer under a grammar that ends it",
    { ignoreEos: false },
    grammar('root ::= ("one two thr" "ee "? ){6} "end"'),
    100_000,
  ],
  [
    "an answer whose reasoning has a budget",
    {},
    { reasoningFormat: REASONING, startsInReasoning: true, reasoningBudgetTokens: 6 },
    100_000,
  ],
  ["an answer whose reader is slow", {}, {}, 5],
];

const SAMPLED: readonly Case[] = [1, 2, 3].map((seed) => [
  `an answer sampled with seed ${seed}, with penalties and a bias`,
  sampling({
    seed,
    temperature: 1.1,
    topP: 0.9,
    frequencyPenalty: 0.4,
    repeatPenalty: 1.1,
    logitBias: [[300, 2]],
  }),
  {},
  100_000,
]);

test.each([...CASES, ...SAMPLED])(
  "%s is the same with drafts",
  async (_name, changes, output, creditBytes) => {
    const eager = new Eager();
    const withDrafts = await newRun(changes, output, creditBytes);
    const without = await newRun(changes, output, creditBytes);

    const expected = await complete(without, null);

    if (creditBytes < 100) expect(expected.parked).toBeGreaterThan(2);
    expect(expected.tokens.length).toBeGreaterThan(5);
    expect(await complete(withDrafts, eager)).toEqual(expected);
    expect(eager.drafted).toBeGreaterThan(0);
  },
);

test("an answer that ends at a stop string is the same with drafts", async () => {
  const { text } = await complete(await newRun({}, {}, 100_000), null);
  const middle = Math.floor(text.length / 2);
  const changes = { stop: [text.slice(middle, middle + 4)] };
  expect(middle).toBeGreaterThan(8);

  const expected = await complete(await newRun(changes, {}, 100_000), null);

  expect(expected.end).toMatchObject({ reason: "stop" });
  expect(await complete(await newRun(changes, {}, 100_000), new Eager())).toEqual(expected);
});

test("an answer is the same when another stream drafts in the same batches", async () => {
  const expected = await complete(await newRun({}, {}, 100_000), null);
  const eager = new Eager();
  const runs = [await newRun({}, {}, 100_000), await newRun({}, {}, 100_000)];

  const [first, second] = await Promise.all(
    runs.map((run, slot) => complete(run, slot === 0 ? eager : null, slot)),
  );

  expect([first?.tokens, second?.tokens]).toEqual([expected.tokens, expected.tokens]);
});

test("an answer that continues after a crash goes on with the same tokens, and drafts from those before it", async () => {
  const changes = sampling({ temperature: 0 });
  const expected = await complete(await newRun(changes, {}, 100_000), null);
  const eager = new Eager();
  const run = await newRun(changes, {}, 100_000);
  run.replay(expected.tokens.slice(0, 12));

  const { tokens } = await complete(run, eager);

  expect(tokens).toEqual(expected.tokens);
  expect(eager.drafted).toBeGreaterThan(0);
});

test("a run that is aborted within a draft sends nothing more, and its slot's cache holds what was accepted", async () => {
  const run = await newRun({ ignoreEos: true }, {}, 100_000);
  const slot = loaded.slots[0] as Slot;
  const accept = run.accept.bind(run);
  let accepted = 0;
  run.accept = (token) => {
    accepted += 1;
    if (accepted === 20) run.abort();
    return accept(token);
  };
  slot.clear = async () => {};
  try {
    const { end } = await complete(run, new Eager());

    expect(end).toMatchObject({ type: "aborted" });
    expect(accepted).toBe(20);
    const { contextTokens } = slot.sequence;
    expect(contextTokens).toEqual(run.tokens.slice(0, contextTokens.length));
    expect(contextTokens.length).toBeGreaterThanOrEqual(run.tokens.length - 1);
  } finally {
    slot.clear = Object.getPrototypeOf(slot).clear;
  }
});
