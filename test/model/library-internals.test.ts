// The private parts of node-llama-cpp that the worker uses. After an upgrade of the library, a failing test here names the part
// that is missing or works differently.

import { readFileSync } from "node:fs";
import {
  type LlamaContextSequence,
  LlamaGrammar,
  LlamaGrammarEvaluationState,
  type LlamaModel,
  type SequenceEvaluateOptions,
  type Token,
  TokenBias,
} from "node-llama-cpp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  advanceGrammar,
  configureSampler,
  decodeAndKeep,
  decodeTokens,
  grammarMatches,
  newSampler,
  readLogits,
  sampleToken,
  setLogitBias,
  takeNamedCheckpoint,
  topKOff,
  vocabularyText,
} from "../../src/worker/library-internals.ts";
import type { LoadedModel } from "../../src/worker/load/model.ts";
import { loadInProcess } from "../support/engines/load-in-process.ts";
import { TOY_WINDOW, writeToyModel } from "../support/gguf/toy-models.ts";

let loaded: LoadedModel;
let model: LlamaModel;
let sequence: LlamaContextSequence;
beforeAll(async () => {
  loaded = await loadInProcess();
  ({ model } = loaded);
  const [slot] = loaded.slots;
  if (!slot) throw new Error("there is no slot");
  ({ sequence } = slot);
});
beforeEach(async () => {
  if (sequence.nextTokenIndex > 0) await sequence.clearHistory();
});
afterAll(async () => model.dispose());

const LIKELIEST: SequenceEvaluateOptions = { temperature: 0, yieldEogToken: true };

/** Reads a property that the library's types do not have. */
function privatePart(owner: object | undefined, name: string): unknown {
  return owner && Reflect.get(owner, name);
}

function expectFunction(owner: unknown, path: string): void {
  const part = privatePart(owner as object | undefined, path.split(".").at(-1) ?? "");
  expect(typeof part, `${path} of node-llama-cpp`).toBe("function");
}

/** The token that the library's public way generates after a text. */
async function nextToken(text: string, options: SequenceEvaluateOptions): Promise<number> {
  await sequence.clearHistory();
  for await (const token of sequence.evaluate(model.tokenize(text), options)) return token;
  throw new Error("no token was generated");
}

test("the file names the version that is installed and pinned", () => {
  const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
  const { dependencies } = JSON.parse(read("package.json"));
  const installed = JSON.parse(read("node_modules/node-llama-cpp/package.json"));

  const [, named] = /node-llama-cpp (\d\S+)/.exec(read("src/worker/library-internals.ts")) ?? [];

  expect(dependencies["node-llama-cpp"]).toBe(named);
  expect(installed.version).toBe(named);
});

test("Llama._bindings.AddonSampler makes a sampler that takes options and can be disposed", () => {
  expect(privatePart(model, "_model"), "LlamaModel._model of node-llama-cpp").toBeDefined();
  expectFunction(privatePart(model.llama, "_bindings"), "Llama._bindings.AddonSampler");

  const sampler = newSampler(model);

  expectFunction(sampler, "AddonSampler.applyConfig");
  expectFunction(sampler, "AddonSampler.dispose");
  sampler.applyConfig({ temperature: 0 });
  sampler.dispose();
});

test("LlamaContextSequence._resolveSamplerConfig() turns options into what a sampler takes", () => {
  expectFunction(sequence, "LlamaContextSequence._resolveSamplerConfig");
  const configs: object[] = [];
  const sampler = { applyConfig: (config: object) => configs.push(config), dispose: () => {} };

  configureSampler(sampler, sequence, { temperature: 0.5, topK: 7, seed: 3 });

  expect(configs).toMatchObject([{ temperature: 0.5, topK: 7, seed: 3 }]);
});

test("LlamaContextSequence._resolveSamplerConfig() is called before every token, so that a seed may be a function", async () => {
  const positions: number[] = [];
  const seed = (() => positions.push(positions.length)) as unknown as number; // see seedOfEachToken()
  const options: SequenceEvaluateOptions = { temperature: 1, seed, yieldEogToken: true };
  let tokens = 0;

  for await (const _token of sequence.evaluate(model.tokenize("Hi"), options)) {
    tokens += 1;
    if (tokens === 4) break;
  }

  expect(positions).toEqual([0, 1, 2, 3]);
});

test("a topK of null leaves the top-k sampler out", () => {
  const configs: object[] = [];
  const sampler = { applyConfig: (config: object) => configs.push(config), dispose: () => {} };

  configureSampler(sampler, sequence, { temperature: 1, topK: topKOff });

  expect(configs).toHaveLength(1);
  expect(configs[0]).not.toHaveProperty("topK");
});

test("LlamaContextSequence._decodeTokens() and LlamaContext._ctx.sampleToken() generate what evaluate() generates", async () => {
  expectFunction(sequence, "LlamaContextSequence._decodeTokens");
  expectFunction(privatePart(sequence.context, "_ctx"), "LlamaContext._ctx.sampleToken");
  const text = "One two three four";
  const expected = await nextToken(text, LIKELIEST);
  await sequence.clearHistory();
  const tokens = model.tokenize(text);
  const logits = tokens.map((_, index) => index === tokens.length - 1);
  const sampler = newSampler(model);
  configureSampler(sampler, sequence, LIKELIEST);

  const sampled = await decodeTokens(sequence, tokens, logits, LIKELIEST, (logitIndex, index) => {
    expect(index).toBe(tokens.length - 1);
    return sampleToken(sequence, logitIndex, sampler);
  });

  sampler.dispose();
  expect(sampled.filter((each) => each !== undefined)).toEqual([expected]);
  expect(sequence.contextTokens).toEqual(tokens);
});

test("LlamaContext._ctx.removeTokenCellsFromSequence() drops the last tokens of a decode, as if they had never been computed", async () => {
  expectFunction(
    privatePart(sequence.context, "_ctx"),
    "LlamaContext._ctx.removeTokenCellsFromSequence",
  );
  expect(privatePart(sequence, "_sequenceId"), "LlamaContextSequence._sequenceId").toBe(0);
  const text = "One two three four";
  const expected = await nextToken(text, LIKELIEST);
  await sequence.clearHistory();
  const tokens = model.tokenize(text);
  const wrong = model.tokenize(" dog cat dog cat");
  const first = tokens.slice(0, -1);
  const readAt: number[] = [];

  await decodeAndKeep(sequence, [...first, ...wrong], LIKELIEST, {
    from: first.length - 1,
    mapper: async (logitIndex) => void readAt.push(logitIndex),
    kept: () => first.length,
  });

  expect(readAt).toHaveLength(1 + wrong.length);
  expect(sequence.contextTokens).toEqual(first);
  expect(sequence.nextTokenIndex).toBe(first.length);
  for await (const token of sequence.evaluate(tokens.slice(-1), LIKELIEST)) {
    expect(token).toBe(expected);
    break;
  }
});

test("LlamaContext._ctx.sampleToken() reports the likeliest logits in order, the one of a token, and the total weight", async () => {
  const tokens = model.tokenize("One two three four");
  const logits = tokens.map((_, index) => index === tokens.length - 1);
  const unlikely = loaded.vocabularySize - 1;
  const sampler = newSampler(model);
  configureSampler(sampler, sequence, LIKELIEST);

  const [result] = (
    await decodeTokens(sequence, tokens, logits, LIKELIEST, (logitIndex) =>
      readLogits(sequence, logitIndex, sampler, unlikely, 3),
    )
  ).filter((each) => each !== undefined);

  sampler.dispose();
  const [token, , , flat = [], weight = 0] = result ?? [];
  const ids = flat.filter((_, index) => index % 2 === 0);
  const values = flat.filter((_, index) => index % 2 === 1);
  const [highest = 0] = values;
  const likelihoods = values.map((value) => Math.exp(value - highest) / weight);
  expect(ids[0]).toBe(token);
  expect(ids).toContain(unlikely);
  expect(new Set(ids).size).toBe(4);
  expect(values.slice(0, 3)).toEqual(values.slice(0, 3).sort((a, b) => b - a));
  expect(likelihoods.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(1.0001);
  expect(weight).toBeGreaterThanOrEqual(1);
});

test("LlamaModel._model.getTokenString() returns the vocabulary's entry of a token", () => {
  expectFunction(privatePart(model, "_model"), "LlamaModel._model.getTokenString");
  const [control] = model.tokenize("<|im_end|>", true);

  expect(vocabularyText(model, control ?? -1)).toBe("<|im_end|>");
});

test("LlamaGrammarEvaluationState._state is advanced by the tokens that the grammar allows", () => {
  const { llama } = model;
  const grammar = new LlamaGrammar(llama, { grammar: 'root ::= "ab"' });
  const state = new LlamaGrammarEvaluationState({ model, grammar });
  expect(privatePart(state, "_state"), "LlamaGrammarEvaluationState._state").toBeDefined();
  const sampler = privatePart(privatePart(llama, "_bindings") as object, "AddonSampler");
  expectFunction(sampler, "AddonSampler.canBeNextTokenForGrammarEvaluationState");
  expectFunction(sampler, "AddonSampler.acceptGrammarEvaluationStateToken");
  const tokenOf = (text: string): Token => {
    const [token] = model.tokenize(text, false, "trimLeadingSpace");
    if (token === undefined) throw new Error(`${text} has no token`);
    return token;
  };

  expect(advanceGrammar(llama, state, tokenOf("b"))).toBe(false);
  expect(advanceGrammar(llama, state, tokenOf("a"))).toBe(true);
  expect(advanceGrammar(llama, state, tokenOf("a"))).toBe(false);
  expect(advanceGrammar(llama, state, tokenOf("b"))).toBe(true);
});

test("LlamaGrammar._testText() matches whole texts, which need no model", () => {
  const grammar = new LlamaGrammar(model.llama, { grammar: 'root ::= "a" [0-9]{2} "é"?' });
  expectFunction(grammar, "LlamaGrammar._testText");

  const texts = ["a12", "a12é", "a1", "a123", ""];

  expect(texts.map((text) => grammarMatches(grammar, text))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});

test("TokenBias._biases holds biases on end-of-answer tokens too", async () => {
  const { eos } = model.tokens;
  if (eos === null) throw new Error("the model has no end token");
  const biases = TokenBias.for(model);
  expect(privatePart(biases, "_biases"), "TokenBias._biases of node-llama-cpp").toBeInstanceOf(Map);

  setLogitBias(biases, eos, 1_000);

  expect(await nextToken("One two three", LIKELIEST)).not.toBe(eos);
  expect(await nextToken("One two three", { ...LIKELIEST, tokenBias: biases })).toBe(eos);
});

describe("of a model with a sliding window", () => {
  let windowed: LoadedModel;
  beforeAll(async () => {
    windowed = await loadInProcess({ modelPath: writeToyModel("sliding-window") });
  });
  afterAll(async () => windowed.model.dispose());

  test("LlamaContext._ctx.getSequenceKvCacheMinPosition() is the first position with a whole window before it", async () => {
    const [slot] = windowed.slots;
    const tokens = Array<Token>(500).fill(windowed.model.tokenize("word")[0] ?? (0 as Token));
    await slot?.sequence.evaluateWithoutGeneratingNewTokens(tokens.slice(0, TOY_WINDOW));
    expect(slot?.sequence.stateCellsStartIndex).toBe(0); // nothing has left the window
    await slot?.sequence.evaluateWithoutGeneratingNewTokens(tokens.slice(TOY_WINDOW));
    const inherited = Object.getPrototypeOf(privatePart(slot?.sequence.context, "_ctx"));
    const first = inherited.getSequenceKvCacheMinPosition.call(
      privatePart(slot?.sequence.context, "_ctx"),
      0,
    );

    expect(first).toBeGreaterThan(0);
    expect(slot?.sequence.stateCellsStartIndex).toBe(first + TOY_WINDOW - 1);
  });

  test("LlamaContextSequence._takeNamedCheckpoint() keeps a checkpoint beside later ones of other names", async () => {
    const [slot] = windowed.slots;
    if (!slot) throw new Error("there is no slot");
    const { sequence: cut } = slot;
    expectFunction(cut, "LlamaContextSequence._takeNamedCheckpoint");
    const [word = 0 as Token] = windowed.model.tokenize("word");
    const read = (count: number) =>
      cut.evaluateWithoutGeneratingNewTokens(Array<Token>(count).fill(word));
    await cut.clearHistory();
    await read(100);
    await takeNamedCheckpoint(cut, "system", 1);
    for (let turn = 0; turn < 12; turn++) {
      await read(32);
      await cut.takeCheckpoint();
    }
    const kept = [...Array<Token>(100).fill(word), windowed.model.tokenize("other")[0] as Token];
    await cut.adaptStateToTokens(kept, false);

    expect(cut.nextTokenIndex).toBe(100);
  });
});
