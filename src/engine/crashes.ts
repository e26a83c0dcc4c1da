// The crashes that one request, or one question, was there for; and whether it may be tried once more after them.

import { ServiceError } from "../errors.ts";
import type { WorkerLoss } from "./worker-process.ts";

/** What was there so often when a worker died is given up, guilty or not. */
const MOST_CRASHES = 10;
/**
 * A worker that is killed from outside says little about what was alone in it, but not nothing: memory. Nor does one that
 * dies by itself where workers die of other things too.
 */
const MOST_ALONE = 3;

type End = {
  /** How its worker was lost; null when it was not. */
  readonly loss: WorkerLoss | null;
  /** Whether it was alone in the worker, to show that it does no harm. */
  readonly isProving: boolean;
};

export class Crashes {
  count = 0;
  #alone = 0;

  /** Whether it may go on in the next worker. */
  isForgiven(error: unknown, { loss, isProving }: End): boolean {
    if (!(error instanceof ServiceError) || error.code !== "worker_crashed" || !loss) return false;
    this.count += 1;
    this.#alone = isProving ? this.#alone + 1 : 0;
    const ofOthers = Math.max(0, loss.crashesInARow - this.count);
    const mostAlone = loss.isFromOutside ? MOST_ALONE : Math.min(1 + ofOthers, MOST_ALONE);
    return this.#alone < mostAlone && this.count < MOST_CRASHES;
  }
}
