// Decodes an answer step by step, after its prompt was read. Checks for an abort before every decode.

import type { Token } from "node-llama-cpp";
import type { StepEvent } from "../../engine/messages.ts";
import type { FreshEvent } from "../../generation/events.ts";
import type { GenerateDeps } from "./prefill.ts";
import type { Run } from "./run.ts";
import type { Slot } from "./slots.ts";
import { tokenSource } from "./token-source.ts";

/** @returns the last events: see generate() */
export async function decode(
  run: Run,
  slot: Slot,
  deps: GenerateDeps,
  lastSlice: Token[],
  onFirstToken: () => void,
): Promise<readonly StepEvent[]> {
  const source = tokenSource(run, slot, deps);
  let next = lastSlice;
  let isFirst = true;
  let last: readonly StepEvent[] | null = null;
  const take = (token: Token): boolean => {
    deps.batcher.computed();
    if (isFirst) onFirstToken();
    isFirst = false;
    if (run.isAborted) return false;
    if (deps.model.isEogToken(token)) {
      last = outputs(run, run.finish("stop"));
      return false;
    }
    last = accept(run, token, deps);
    const forced = last ? [] : run.takeForced();
    for (const each of forced) last ??= accept(run, each, deps);
    next = [token, ...forced] as Token[];
    return !last && forced.length === 0 && !run.isOutOfCredit;
  };
  try {
    for (;;) {
      await deps.batcher.makeWay();
      if (run.isAborted) return aborted(run);
      const computed = await source.step(next, take);
      if (last) return last;
      if (run.isAborted) {
        run.tokensAfterAbort += computed;
        return aborted(run);
      }
      if (run.isOutOfCredit && (await park(run, deps))) return [{ type: "suspended", id: run.id }];
    }
  } finally {
    await source.end();
  }
}

/** @returns the last events if the answer ends with this token; otherwise sends its deltas and returns null */
function accept(run: Run, token: number, { emit }: GenerateDeps): readonly StepEvent[] | null {
  const events = run.accept(token);
  if (run.hasFinished) return outputs(run, events);
  for (const event of events) emit({ type: "output", id: run.id, event });
  return null;
}

export function outputs({ id }: Run, events: readonly FreshEvent[]): readonly StepEvent[] {
  return events.map((event) => ({ type: "output", id, event }));
}

export function aborted({ id, tokensAfterAbort }: Run): readonly StepEvent[] {
  return [{ type: "aborted", id, tokensAfterAbort }];
}

/** Waits until the reader has caught up. @returns whether the run must give up its slot instead */
async function park(run: Run, { batcher, emit }: GenerateDeps): Promise<boolean> {
  emit({ type: "parked", id: run.id });
  batcher.leave();
  try {
    await run.woken();
  } finally {
    batcher.enter();
  }
  return run.isSuspendWanted;
}
