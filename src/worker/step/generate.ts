// Runs one request on one slot: prefill in slices, then decode token by token. Checks for an abort before every decode.

import type { Token } from "node-llama-cpp";
import type { FreshEvent } from "../../generation/events.ts";
import { evaluateWithLogprobs } from "../sampling/evaluate-with-logprobs.ts";
import { evaluateOptions } from "../sampling/sampling.ts";
import { positionLogprobs } from "../sampling/token-logprobs.ts";
import { echoPrompt, type PrefillDeps, prefill, reportProgress } from "./prefill.ts";
import type { Run } from "./run.ts";
import type { Slot } from "./slots.ts";

export type GenerateDeps = PrefillDeps & {
  readonly onParked: (run: Run) => void;
};

/** How a run ended. Another run can continue from the tokens of a suspended one. */
export type SlotOutcome =
  /** The last deltas and the `finish` event reach the server in the same message, even if this process dies. */
  | { readonly type: "finished"; readonly events: readonly FreshEvent[] }
  | { readonly type: "aborted" }
  | { readonly type: "suspended" };

const ABORTED: SlotOutcome = { type: "aborted" };
const SUSPENDED: SlotOutcome = { type: "suspended" };

/** Generates until the answer ends or the run is aborted or suspended. Afterwards another run may use the slot. */
export async function generate(run: Run, slot: Slot, deps: GenerateDeps): Promise<SlotOutcome> {
  const { batcher } = deps;
  if (run.isAborted) return ABORTED;
  const startedAt = performance.now();
  const isFirstTime = run.tally.completionTokens === 0;
  const needsPromptLogprobs = isFirstTime && run.request.logprobs?.includesPrompt === true;
  await slot.enterScope(run.cacheScope, batcher);
  if (!run.request.reusePrefix || needsPromptLogprobs) await slot.clear(batcher);
  const cached = await slot.keepPrefix(run.tokens, batcher);
  if (isFirstTime) run.tally.cachedTokens = cached;

  const endReading = batcher.enterReading();
  try {
    const lastSlice = await prefill(run, slot, deps, startedAt);
    if (!lastSlice) return ABORTED;
    if (isFirstTime && run.request.echoesPrompt) echoPrompt(run, deps);
    const onFirstToken = () => {
      endReading();
      if (!isFirstTime) return;
      run.tally.prefillMs = performance.now() - startedAt;
      if (run.request.reportsProgress)
        reportProgress(run, run.request.promptTokens.length, startedAt, deps);
    };
    if (run.request.maxTokens === 0) {
      onFirstToken();
      return { type: "finished", events: run.finish("length") };
    }
    return await decode(run, slot, deps, lastSlice, onFirstToken);
  } finally {
    endReading();
    batcher.leave();
    if (!run.request.reusePrefix) await slot.clear(batcher);
  }
}

async function decode(
  run: Run,
  slot: Slot,
  deps: GenerateDeps,
  lastSlice: Token[],
  onFirstToken: () => void,
): Promise<SlotOutcome> {
  const tokens = generateTokens(run, slot, deps, lastSlice);
  let replacement: readonly Token[] | undefined;
  try {
    for (let isFirst = true; ; isFirst = false) {
      await deps.batcher.makeWay();
      if (run.isAborted) return ABORTED;
      const { value: token, done } = await tokens.next(replacement as Token[] | undefined);
      deps.batcher.computed();
      if (done) throw new Error("the engine ended the answer without an end token");
      if (isFirst) onFirstToken();
      if (run.isAborted) {
        run.tokensAfterAbort += isFirst ? lastSlice.length : 1;
        return ABORTED;
      }
      if (deps.model.isEogToken(token)) return { type: "finished", events: run.finish("stop") };
      let last = accept(run, token, deps);
      const forced = last ? [] : run.takeForced();
      replacement = forced.length > 0 ? ([token, ...forced] as Token[]) : undefined;
      for (const each of forced) last ??= accept(run, each, deps);
      if (last) return last;
      if (run.isOutOfCredit && (await park(run, deps))) return SUSPENDED;
    }
  } finally {
    await tokens.return();
  }
}

type TokenStream = AsyncGenerator<Token, void, Token[] | undefined>;

/** The tokens that the model generates, with their logprobs if the request asks for them. */
function generateTokens(
  run: Run,
  slot: Slot,
  { model }: GenerateDeps,
  lastSlice: Token[],
): TokenStream {
  const { sequence } = slot;
  const evaluate = evaluateOptions(model, run, slot);
  const { logprobs } = run.request;
  if (!logprobs) return sequence.evaluate(lastSlice, evaluate) as TokenStream;
  return evaluateWithLogprobs(lastSlice, {
    model,
    sequence,
    evaluate,
    top: logprobs.alternatives,
    onLogprobs: (token, given) => {
      if (!model.isEogToken(token)) run.addLogprobs(positionLogprobs(model, token, given));
    },
  });
}

/** @returns the outcome if the answer ends with this token; otherwise sends its deltas and returns null */
function accept(run: Run, token: number, { onEvent }: GenerateDeps): SlotOutcome | null {
  const events = run.accept(token);
  if (run.hasFinished) return { type: "finished", events };
  for (const event of events) onEvent(run, event);
  return null;
}

/** Waits until the reader has caught up. @returns whether the run must give up its slot instead */
async function park(run: Run, { batcher, onParked }: GenerateDeps): Promise<boolean> {
  onParked(run);
  batcher.leave();
  try {
    await run.woken();
  } finally {
    batcher.enter();
  }
  return run.isSuspendWanted;
}
