// A request that outlives its worker: when that dies, the next one reads prompt and answer so far, and goes on. Whoever
// reads the answer sees a pause.

import { type GenerateEvent, isDelta, type PromptReading } from "../generation/events.ts";
import type { PreparedRequest } from "../generation/request.ts";
import type { SlotLease } from "../generation/slot-lease.ts";
import { Crashes } from "./crashes.ts";
import { finishAtDeadline } from "./finish-at-deadline.ts";
import type { RemoteRun, RunStart } from "./remote-run.ts";

export type SurvivalOptions = {
  readonly request: PreparedRequest;
  readonly lease: SlotLease;
  /** Ends the answer with what there is, also while there is no worker. */
  readonly deadline: AbortSignal;
};

/** @throws ServiceError `worker_crashed` for a request that kills the worker when it is alone, or what else it failed with */
export async function* surviveCrashes(
  newRun: (start: RunStart) => RemoteRun,
  { request, lease, deadline }: SurvivalOptions,
): AsyncGenerator<GenerateEvent, void, undefined> {
  const generated: number[] = [];
  let reasoning = 0;
  let prompt: PromptReading | null = null;
  const crashes = new Crashes();
  let hasSaid = false;
  try {
    for (;;) {
      const isSuspect = crashes.count > 0;
      const run = newRun({ generated: generated.slice(), reasoning, prompt, isSuspect });
      try {
        await run.begin();
        for await (const event of run.events) {
          if (isDelta(event)) {
            hasSaid = true;
            for (const id of event.ids ?? []) generated.push(id);
            prompt ??= event.prompt ?? null;
            if (event.type === "reasoning-delta") reasoning += event.tokens;
          }
          yield event;
        }
        return;
      } catch (error) {
        if (deadline.aborted && error === deadline.reason) {
          yield finishAtDeadline(request, { tokens: generated.length, reasoning, prompt });
          return;
        }
        const isKnown = !hasSaid || generated.length > 0; // a prompt that is echoed has no tokens to go on from
        if (!isKnown || !crashes.isForgiven(error, run)) throw error;
      } finally {
        await run.finish();
      }
    }
  } finally {
    lease.release();
  }
}
