// Generates one answer in one or more runs. When the worker dies, or has suspended a run whose reader was too slow, another run
// reads the prompt and the answer so far, and continues. The client notices only a pause.

import type { GenerateEvent } from "../generation/events.ts";
import { Tally } from "../generation/tally.ts";
import { Crashes } from "./crashes.ts";
import type { RemoteRun, RemoteRunOptions, RunStart } from "./remote-run.ts";

/** The deadline ends the answer with the tokens so far, also while no worker is running. */
type GenerateInRunsOptions = Pick<RemoteRunOptions, "request" | "lease" | "deadline"> & {
  /** Called when the answer has ended, however it ended. */
  readonly onEnd?: () => void;
};

/** @throws ServiceError `worker_crashed` for a request that crashes the worker when it runs alone, or its other error */
export async function* generateInRuns(
  newRun: (start: RunStart) => RemoteRun,
  { request, lease, deadline, onEnd }: GenerateInRunsOptions,
): AsyncGenerator<GenerateEvent, void, undefined> {
  const tally = new Tally(request.promptTokens.length);
  const generated: number[] = [];
  const crashes = new Crashes();
  let isSuspect = false;
  try {
    while (tally.reason === null) {
      const run = newRun({ generated, tally, isSuspect });
      isSuspect = false;
      try {
        await run.begin();
        yield* run.events;
      } catch (error) {
        if (deadline.aborted && error === deadline.reason) {
          yield tally.finish("length", null);
          return;
        }
        const hasOnlyEchoed = tally.firstAtMs !== null && generated.length === 0; // must not be sent twice
        if (hasOnlyEchoed || !crashes.mayRetry(error, run)) throw error;
        isSuspect = true;
      } finally {
        await run.finish();
      }
    }
  } finally {
    lease.release();
    onEnd?.();
  }
}
