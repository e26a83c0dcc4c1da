// Counts the worker crashes during one request or question, and decides whether it may be retried.

import { ServiceError } from "../errors.ts";

/** A request or question is never retried after this many crashes, whether or not it caused them. */
const MOST_CRASHES = 10;
/**
 * The limit of crashes while the request runs alone, when it is uncertain whether it caused them: another process killed the
 * worker (perhaps because of its memory use), or workers also crash for other reasons.
 */
const MOST_ALONE = 3;

type Attempt = {
  /** How its worker was lost; null if it was not. */
  readonly loss: WorkerLoss | null;
  /** Whether it ran alone in the worker, to show that it does not cause crashes. */
  readonly isProving: boolean;
};

/** How the process was lost. */
export type WorkerLoss = {
  readonly error: ServiceError;
  /** Whether something other than the server killed it, such as the out-of-memory killer. */
  readonly isFromOutside: boolean;
  /** This crash and the crashes before it, each within a minute after the worker was ready. */
  readonly crashesInARow: number;
};

export class Crashes {
  count = 0;
  #alone = 0;

  /** Counts a failed attempt. @returns whether the next worker may retry */
  mayRetry(error: unknown, { loss, isProving }: Attempt): boolean {
    if (!(error instanceof ServiceError) || error.code !== "worker_crashed" || !loss) return false;
    this.count += 1;
    this.#alone = isProving ? this.#alone + 1 : 0;
    const ofOthers = Math.max(0, loss.crashesInARow - this.count);
    const mostAlone = loss.isFromOutside ? MOST_ALONE : Math.min(1 + ofOthers, MOST_ALONE);
    return this.#alone < mostAlone && this.count < MOST_CRASHES;
  }
}
