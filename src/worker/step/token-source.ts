// Where the tokens of an answer come from: the library's evaluate(), our own with logprobs, or decodes that check drafts.

import type { Token } from "node-llama-cpp";
import { newSampler } from "../library-internals.ts";
import { decodeDraft } from "../sampling/decode-draft.ts";
import { evaluateWithLogprobs } from "../sampling/evaluate-with-logprobs.ts";
import { evaluateOptions } from "../sampling/sampling.ts";
import { positionLogprobs } from "../sampling/token-logprobs.ts";
import type { GenerateDeps } from "./prefill.ts";
import type { Run } from "./run.ts";
import type { Slot } from "./slots.ts";
import type { Drafter, Speculation } from "./speculation.ts";

export type TokenSource = {
  /**
   * Computes tokens in one decode, and calls `take` with the token that follows, or with several if a draft was right. It
   * returns whether the next token may be given.
   * @returns number of tokens that were computed
   */
  step(tokens: Token[], take: (token: Token) => boolean): Promise<number>;
  end(): unknown;
};

export function tokenSource(run: Run, slot: Slot, deps: GenerateDeps): TokenSource {
  const { speculation } = deps;
  if (speculation && !run.request.logprobs && !slot.sequence.needsCheckpoints)
    return drafting(run, slot, deps, speculation);
  let tokens: TokenStream | null = null;
  return {
    async step(given, take) {
      tokens ??= oneByOne(run, slot, deps, given);
      const { value, done } = await tokens.next(given);
      if (done) throw new Error("the engine ended the answer without an end token");
      take(value);
      return given.length;
    },
    end: () => tokens?.return(),
  };
}

type TokenStream = AsyncGenerator<Token, void, Token[]>;

/** The tokens that the model generates, with their logprobs if the request asks for them. */
function oneByOne(run: Run, slot: Slot, { model }: GenerateDeps, first: Token[]): TokenStream {
  const { sequence } = slot;
  const evaluate = evaluateOptions(model, run, slot);
  const { logprobs } = run.request;
  if (!logprobs) return sequence.evaluate(first, evaluate) as TokenStream;
  return evaluateWithLogprobs(first, {
    model,
    sequence,
    evaluate,
    top: logprobs.alternatives,
    onLogprobs: (token, given) => {
      if (!model.isEogToken(token)) run.addLogprobs(positionLogprobs(model, token, given));
    },
  });
}

function drafting(
  run: Run,
  slot: Slot,
  { model, batcher }: GenerateDeps,
  speculation: Speculation,
): TokenSource {
  const { id, sequence } = slot;
  const evaluate = evaluateOptions(model, run, slot);
  const sampler = newSampler(model);
  let drafter: Drafter | null = null; // made for the second token: many answers have only one
  const { batchSize, contextSize } = sequence.context;
  let isFirst = true;
  const nextDraft = (): readonly Token[] => {
    const streams = batcher.decoders;
    const inBatch = Math.floor(batchSize / streams) - 1;
    const inContext = contextSize - 2 - sequence.nextTokenIndex;
    const inAnswer = run.request.maxTokens - run.tally.completionTokens - 1;
    const most = batcher.readers > 0 ? 0 : Math.min(inBatch, inContext, inAnswer);
    drafter ??= speculation.begin(run.tokens);
    return speculation.draft(drafter, { streams, most }) as readonly Token[];
  };
  return {
    async step(given, take) {
      const draft = isFirst || given.length > 1 ? [] : nextDraft();
      isFirst = false;
      if (draft.length > 0) batcher.drafts(id, draft.length);
      const accepted = await decodeDraft(given, draft, { sequence, sampler, evaluate, take });
      if (draft.length > 0) batcher.verified(draft.length, accepted);
      drafter?.credit(accepted);
      return given.length + draft.length;
    },
    end: () => {
      if (drafter) speculation.end(drafter);
      sampler.dispose();
    },
  };
}
