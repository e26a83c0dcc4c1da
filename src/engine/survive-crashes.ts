// Continues a request when its worker dies: the next worker reads the prompt and the answer so far, and continues. The client
// notices only a pause.

import type { GenerateEvent } from "../generation/events.ts";
import { Tally } from "../generation/tally.ts";
import { Crashes } from "./crashes.ts";
import type { RemoteRun, RemoteRunOptions, RunStart } from "./remote-run.ts";

/** The deadline ends the answer with the tokens so far, also while no worker is running. */
type SurvivalOptions = Pick<RemoteRunOptions, "request" | "lease" | "deadline">;

/** @throws ServiceError `worker_crashed` for a request that crashes the worker when it runs alone, or its other error */
export async function* surviveCrashes(
  newRun: (start: RunStart) => RemoteRun,
  { request, lease, deadline }: SurvivalOptions,
): AsyncGenerator<GenerateEvent, void, undefined> {
  const tally = new Tally(request.promptTokens.length);
  const generated: number[] = [];
  const crashes = new Crashes();
  try {
    for (;;) {
      const run = newRun({ generated, tally, isSuspect: crashes.count > 0 });
      try {
        await run.begin();
        return yield* run.events;
      } catch (error) {
        if (deadline.aborted && error === deadline.reason) {
          yield tally.finish("length", null);
          return;
        }
        const hasOnlyEchoed = tally.firstAtMs !== null && generated.length === 0; // must not be sent twice
        if (hasOnlyEchoed || !crashes.mayRetry(error, run)) throw error;
      } finally {
        await run.finish();
      }
    }
  } finally {
    lease.release();
  }
}
