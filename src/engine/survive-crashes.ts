// Continues a request when its worker dies: the next worker reads the prompt and the answer so far, and continues. The client
// notices only a pause.

import { type GenerateEvent, isDelta, type PromptReading } from "../generation/events.ts";
import { Crashes } from "./crashes.ts";
import { finishAtDeadline } from "./finish-at-deadline.ts";
import type { RemoteRun, RemoteRunOptions, RunStart } from "./remote-run.ts";

/** The deadline ends the answer with the tokens so far, also while no worker is running. */
type SurvivalOptions = Pick<RemoteRunOptions, "request" | "lease" | "deadline">;

/** @throws ServiceError `worker_crashed` for a request that crashes the worker when it runs alone, or its other error */
export async function* surviveCrashes(
  newRun: (start: RunStart) => RemoteRun,
  { request, lease, deadline }: SurvivalOptions,
): AsyncGenerator<GenerateEvent, void, undefined> {
  const generated: number[] = [];
  let reasoning = 0;
  let prompt: PromptReading | null = null;
  const crashes = new Crashes();
  let hasOutput = false;
  try {
    for (;;) {
      const isSuspect = crashes.count > 0;
      const run = newRun({ generated: generated.slice(), reasoning, prompt, isSuspect });
      try {
        await run.begin();
        for await (const event of run.events) {
          if (isDelta(event)) {
            hasOutput = true;
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
        const canContinue = !hasOutput || generated.length > 0; // an echoed prompt must not be sent twice
        if (!canContinue || !crashes.mayRetry(error, run)) throw error;
      } finally {
        await run.finish();
      }
    }
  } finally {
    lease.release();
  }
}
