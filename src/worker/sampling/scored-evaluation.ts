// Generates as LlamaContextSequence.evaluate() does, and tells besides how likely the model found each token, and which
// others: from the same decode, before temperature, penalties, biases, cuts and grammars. The library's public ways either
// copy the whole vocabulary for every token, or know the values after sampling only; hence its inner parts, which its
// version pin and test/model/logprobs.test.ts hold still.

import type {
  LlamaContextSequence,
  LlamaModel,
  SequenceEvaluateOptions,
  Token,
} from "node-llama-cpp";

/** Log probabilities of one place: of a certain token, and of the likeliest. */
export type Scores = {
  readonly logprob: number;
  readonly top: readonly { readonly token: number; readonly logprob: number }[];
};

type Sampler = { applyConfig(config: object): void; dispose(): void };

/** Token, probabilities, confidence, logits (id, value, id, value, ...), and the sum of e^(logit - highest logit). */
type Sampled = readonly [number, unknown, unknown, readonly number[], number];

type Internals = {
  readonly _context: {
    readonly _ctx: {
      sampleToken(index: number, sampler: Sampler): Promise<number>;
      sampleToken(
        index: number,
        sampler: Sampler,
        probabilities: false,
        confidence: false,
        logits: readonly [
          tokens: readonly number[],
          max: false,
          min: false,
          selected: false,
          top: number,
        ],
        totalWeight: true,
      ): Promise<Sampled>;
    };
  };
  _resolveSamplerConfig(options: SequenceEvaluateOptions): object;
  _decodeTokens<T>(
    tokens: readonly number[],
    logits: readonly boolean[],
    priority: unknown,
    meter: unknown,
    contextShift: unknown,
    mapper: (batchLogitIndex: number, tokenIndex: number) => Promise<T>,
  ): Promise<(T | undefined)[]>;
  readonly _tokenMeter: unknown;
};

export type ScoredOptions = {
  readonly model: LlamaModel;
  readonly sequence: LlamaContextSequence;
  readonly evaluate: SequenceEvaluateOptions;
  /** Likeliest tokens to tell of each place, 0 or more. */
  readonly top: number;
};

/** As `evaluate()`: yields each generated token, and goes on with it or with what `next()` is given instead. */
export async function* evaluateScored(
  firstTokens: readonly Token[],
  options: ScoredOptions & { readonly onScores: (token: Token, scores: Scores) => void },
): AsyncGenerator<Token, void, readonly Token[] | undefined> {
  const { model, sequence, evaluate, top, onScores } = options;
  const inner = internalsOf(sequence);
  const sampler = newSampler(model);
  const plain = plainSampler(options);
  try {
    for (let tokens = firstTokens; ; ) {
      const logits = tokens.map((_, index) => index === tokens.length - 1);
      const results = await decode(inner, tokens, logits, evaluate, async (index) => {
        sampler.applyConfig(inner._resolveSamplerConfig(evaluate));
        const token = (await inner._context._ctx.sampleToken(index, sampler)) as Token;
        return { token, scores: await scoresAt(inner, plain, index, token, top) };
      });
      const result = results.at(-1);
      if (!result || result.token < 0) throw new Error("no token could be sampled");
      onScores(result.token, result.scores);
      tokens = (yield result.token) ?? [result.token];
    }
  } finally {
    sampler.dispose();
    plain.dispose();
  }
}

/**
 * Reads tokens of a prompt, and tells of each how likely the one after it was.
 * @param following the tokens after each of these; the last may have none
 */
export async function readScored(
  tokens: readonly Token[],
  following: readonly Token[],
  options: ScoredOptions,
): Promise<readonly Scores[]> {
  const { sequence, evaluate, top } = options;
  const inner = internalsOf(sequence);
  const plain = plainSampler(options);
  try {
    const logits = tokens.map((_, index) => index < following.length);
    const scores = await decode(inner, tokens, logits, evaluate, (index, tokenIndex) =>
      scoresAt(inner, plain, index, following[tokenIndex] ?? 0, top),
    );
    return scores.filter((each) => each !== undefined);
  } finally {
    plain.dispose();
  }
}

function internalsOf(sequence: LlamaContextSequence): Internals {
  return sequence as unknown as Internals;
}

function newSampler(model: LlamaModel): Sampler {
  const { _llama, _model } = model as unknown as {
    readonly _llama: {
      readonly _bindings: { readonly AddonSampler: new (model: unknown) => Sampler };
    };
    readonly _model: unknown;
  };
  return new _llama._bindings.AddonSampler(_model);
}

/** Changes nothing about the logits. */
function plainSampler({ model, sequence }: ScoredOptions): Sampler {
  const sampler = newSampler(model);
  sampler.applyConfig(internalsOf(sequence)._resolveSamplerConfig({ temperature: 0 }));
  return sampler;
}

function decode<T>(
  inner: Internals,
  tokens: readonly Token[],
  logits: readonly boolean[],
  evaluate: SequenceEvaluateOptions,
  mapper: (batchLogitIndex: number, tokenIndex: number) => Promise<T>,
): Promise<(T | undefined)[]> {
  const { evaluationPriority, contextShift } = evaluate;
  const shift = { size: 1, ...contextShift };
  return inner._decodeTokens(tokens, logits, evaluationPriority, inner._tokenMeter, shift, mapper);
}

async function scoresAt(
  inner: Internals,
  plain: Sampler,
  index: number,
  token: number,
  top: number,
): Promise<Scores> {
  const least = Math.max(1, top); // the highest logit is what all weights refer to
  const sampled = await inner._context._ctx.sampleToken(
    index,
    plain,
    false,
    false,
    [[token], false, false, false, least],
    true,
  );
  const [, , , flat, total] = sampled;
  const pairs = pairsOf(flat);
  const highest = pairs[0]?.value ?? 0;
  const logprob = (value: number) => value - highest - Math.log(total);
  const own = pairs.find((pair) => pair.token === token);
  return {
    logprob: logprob(own?.value ?? Number.NEGATIVE_INFINITY),
    top: pairs.slice(0, top).map((pair) => ({ token: pair.token, logprob: logprob(pair.value) })),
  };
}

function pairsOf(flat: readonly number[]) {
  const pairs: { readonly token: number; readonly value: number }[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2)
    pairs.push({ token: flat[at] ?? 0, value: flat[at + 1] ?? 0 });
  return pairs;
}
