// Every private part of node-llama-cpp 3.22.1 that the worker and `npm run schema-bench` use, one function for each. package.json
// pins this version, and test/model/library-internals.test.ts checks every function, so that an upgrade fails and names the part
// that is missing.

import type {
  Llama,
  LlamaContext,
  LlamaContextSequence,
  LlamaGrammar,
  LlamaGrammarEvaluationState,
  LlamaModel,
  SequenceEvaluateOptions,
  Token,
  TokenBias,
} from "node-llama-cpp";

/** `AddonSampler`: the native chain of samplers. */
export type NativeSampler = { applyConfig(config: object): void; dispose(): void };

/** Token, probabilities, confidence, logits (id, value, id, value, ...), and the sum of e^(logit - highest logit). */
type TokenWithLogits = readonly [number, unknown, unknown, readonly number[], number];

/** Selects the logits to return: of these tokens, the highest, the lowest, the sampled one, and a number of the likeliest. */
type LogitSelection = readonly [readonly number[], false, false, false, top: number];

type PrivateLlama = {
  readonly _bindings: {
    readonly AddonSampler: {
      new (model: unknown): NativeSampler;
      canBeNextTokenForGrammarEvaluationState(state: object, token: number): boolean;
      acceptGrammarEvaluationStateToken(state: object, token: number): void;
    };
  };
};

type PrivateModel = {
  readonly llama: PrivateLlama;
  readonly _model: { getTokenString(token: number): string };
};

type PrivateContext = {
  readonly _ctx: {
    getSequenceKvCacheMinPosition(sequenceId: number): number;
    sampleToken(index: number, sampler: NativeSampler): Promise<number>;
    sampleToken(
      index: number,
      sampler: NativeSampler,
      probabilities: false,
      confidence: false,
      logits: LogitSelection,
      totalWeight: true,
    ): Promise<TokenWithLogits>;
    removeTokenCellsFromSequence(sequenceId: number, from: number, to: number): boolean;
  };
};

type PrivateSequence = {
  readonly context: PrivateContext;
  readonly _sequenceId: number;
  readonly _contextTokens: number[];
  _nextTokenIndex: number;
  _resolveSamplerConfig(options: SequenceEvaluateOptions): object;
  _takeNamedCheckpoint(name: string, most: number): Promise<void>;
  _decodeTokens<T>(
    tokens: readonly number[],
    logits: readonly boolean[],
    priority: unknown,
    meter: unknown,
    contextShift: unknown,
    mapper: LogitMapper<T>,
  ): Promise<(T | undefined)[]>;
};

/** Reads the logits of one token of a batch while the library holds them. */
type LogitMapper<T> = (logitIndex: number, tokenIndex: number) => Promise<T>;

/** `Llama._bindings.AddonSampler` and `LlamaModel._model`: the library's own wrapper, `LlamaSampler`, is not exported. */
export function newSampler(model: LlamaModel): NativeSampler {
  const { llama, _model } = model as unknown as PrivateModel;
  return new llama._bindings.AddonSampler(_model);
}

/** `LlamaContextSequence._resolveSamplerConfig()`. The library applies these options only to the sampler of `evaluate()`. */
export function configureSampler(
  sampler: NativeSampler,
  sequence: LlamaContextSequence,
  options: SequenceEvaluateOptions,
): void {
  sampler.applyConfig((sequence as unknown as PrivateSequence)._resolveSamplerConfig(options));
}

/**
 * `LlamaContextSequence._resolveSamplerConfig()`, which is called before every token: lets the `seed` of `evaluate()` be a
 * function. The library accepts functions for biases and grammars, but not for seeds.
 */
export function acceptSeedFunctions(sequence: LlamaContextSequence): LlamaContextSequence {
  const inner = sequence as unknown as PrivateSequence;
  const resolve = inner._resolveSamplerConfig.bind(sequence);
  inner._resolveSamplerConfig = (options) => {
    const seed: unknown = options.seed;
    return resolve(typeof seed === "function" ? { ...options, seed: seed() } : options);
  };
  return sequence;
}

/**
 * `LlamaContextSequence._decodeTokens()`. The public ways either copy the whole vocabulary for every token, or know the
 * logits only after sampling.
 * @param logits whether the mapper is called, for each of the tokens
 */
export function decodeTokens<T>(
  sequence: LlamaContextSequence,
  tokens: readonly Token[],
  logits: readonly boolean[],
  { evaluationPriority, contextShift }: SequenceEvaluateOptions,
  mapper: LogitMapper<T>,
): Promise<(T | undefined)[]> {
  return (sequence as unknown as PrivateSequence)._decodeTokens(
    tokens,
    logits,
    evaluationPriority,
    sequence.tokenMeter,
    { size: 1, ...contextShift },
    mapper,
  );
}

/**
 * `decodeTokens()`, after which the cache holds only the first of the tokens. `LlamaContextSequence.eraseContextTokenRanges()`
 * would wait until no stream has a decode queued. Here, `_ctx.removeTokenCellsFromSequence()` is called while the library holds
 * the logits, when no decode runs; then `_contextTokens` and `_nextTokenIndex` are shortened. Not for sequences that need
 * checkpoints.
 */
export async function decodeAndKeep(
  sequence: LlamaContextSequence,
  tokens: readonly Token[],
  options: SequenceEvaluateOptions,
  { from, mapper, kept }: KeptDecode,
): Promise<void> {
  const inner = sequence as unknown as PrivateSequence;
  const start = inner._nextTokenIndex;
  const end = start + tokens.length;
  const last = tokens.length - 1;
  let isRemoved = true;
  const logits = tokens.map((_, index) => index >= from);
  await decodeTokens(sequence, tokens, logits, options, async (logitIndex, tokenIndex) => {
    await mapper(logitIndex);
    if (tokenIndex < last || kept() === tokens.length) return;
    const { _ctx } = inner.context;
    isRemoved = _ctx.removeTokenCellsFromSequence(inner._sequenceId, start + kept(), end);
  });
  if (!isRemoved) throw new Error("the engine could not remove draft tokens from its cache");
  inner._contextTokens.length = start + kept();
  inner._nextTokenIndex = start + kept();
}

type KeptDecode = {
  /** Index of the first token whose logits the mapper reads; it then reads those of all tokens after it. */
  readonly from: number;
  /** Must not throw. */
  readonly mapper: (logitIndex: number) => Promise<void>;
  /** How many of the tokens the cache keeps, asked for after the last call of the mapper. */
  readonly kept: () => number;
};

/** `LlamaContext._ctx.sampleToken()`. @returns -1 when no token could be sampled */
export function sampleToken(
  sequence: LlamaContextSequence,
  logitIndex: number,
  sampler: NativeSampler,
): Promise<number> {
  return (sequence as unknown as PrivateSequence).context._ctx.sampleToken(logitIndex, sampler);
}

/** `LlamaContext._ctx.sampleToken()`, with the logits of the `top` likeliest tokens, the likeliest first, and of `token`. */
export function readLogits(
  sequence: LlamaContextSequence,
  logitIndex: number,
  sampler: NativeSampler,
  token: number,
  top: number,
): Promise<TokenWithLogits> {
  return (sequence as unknown as PrivateSequence).context._ctx.sampleToken(
    logitIndex,
    sampler,
    false,
    false,
    [[token], false, false, false, top],
    true,
  );
}

/**
 * `LlamaContextSequence._takeNamedCheckpoint()`: checkpoints of different names are counted apart, so that later ones do not
 * replace this one.
 */
export function takeNamedCheckpoint(
  sequence: LlamaContextSequence,
  name: string,
  most: number,
): Promise<void> {
  return (sequence as unknown as PrivateSequence)._takeNamedCheckpoint(name, most);
}

/**
 * `LlamaContext._ctx.getSequenceKvCacheMinPosition()`, which the library calls to decide whether a sequence can go back to a token
 * without a checkpoint. It only compares with the first token that is left of the window; but the next token sees a whole window
 * before it, and was computed from the part that is left.
 */
export function requireWholeWindow(context: LlamaContext): void {
  const { swaSize = 0 } = context.model.fileInsights;
  const { _ctx } = context as unknown as PrivateContext;
  const firstPosition = _ctx.getSequenceKvCacheMinPosition.bind(_ctx);
  const leastPosition = (sequenceId: number) => {
    const position = firstPosition(sequenceId);
    return position > 0 ? position + Math.max(0, swaSize - 1) : position;
  };
  Object.defineProperty(_ctx, "getSequenceKvCacheMinPosition", { value: leastPosition }); // the inherited one is read-only
}

/** `LlamaModel._model.getTokenString()`: a token's entry in the vocabulary. `detokenize()` returns U+FFFD for half a character. */
export function vocabularyText(model: LlamaModel, token: number): string {
  return (model as unknown as PrivateModel)._model.getTokenString(token);
}

/**
 * `LlamaGrammarEvaluationState._state`, and of `Llama._bindings.AddonSampler` the two functions that the library calls for each
 * token that it samples: there is no public way to advance a grammar by a token.
 * @returns false when the grammar does not allow the token
 */
export function advanceGrammar(
  llama: Llama,
  state: LlamaGrammarEvaluationState,
  token: number,
): boolean {
  const { _state } = state as unknown as { readonly _state: object };
  const { AddonSampler } = (llama as unknown as PrivateLlama)._bindings;
  if (!AddonSampler.canBeNextTokenForGrammarEvaluationState(_state, token)) return false;
  AddonSampler.acceptGrammarEvaluationStateToken(_state, token);
  return true;
}

/** `LlamaGrammar._testText()`: whether a whole text matches. The public way reads tokens, which needs a model. */
export function grammarMatches(grammar: LlamaGrammar, text: string): boolean {
  return (grammar as unknown as { _testText(text: string): boolean })._testText(text);
}

/**
 * `TokenBias._biases`. `TokenBias.set()` ignores end-of-answer tokens without an error, but `ignore_eos`, `min_tokens` and a
 * client's bias on such a token need them.
 */
export function setLogitBias(biases: TokenBias, token: number, bias: number): void {
  const map = (biases as unknown as { readonly _biases: Map<Token, number> })._biases;
  map.set(token as Token, bias);
}

/**
 * A value of `SequenceEvaluateOptions.topK` that its type does not have: leaves the top-k sampler out. The documented 0 sorts the
 * whole vocabulary for every token.
 */
export const topKOff = null as unknown as number;
