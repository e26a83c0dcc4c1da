// Decides which of a download's many progress events are worth telling: one for each percent, and one every half second.

const STEP_MS = 500;

export class ProgressSteps {
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #toldPercent = -1;

  /** @param totalBytes 0 if the server does not say. @returns whether to tell this one */
  isDue(bytes: number, totalBytes: number, nowMs: number): boolean {
    const percent = totalBytes > 0 ? Math.floor((bytes / totalBytes) * 100) : -1;
    if (percent === this.#toldPercent && nowMs - this.#toldAtMs < STEP_MS) return false;
    this.#toldPercent = percent;
    this.#toldAtMs = nowMs;
    return true;
  }
}
