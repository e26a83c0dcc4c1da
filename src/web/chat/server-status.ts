// The server's status: its models, its readiness, and whether it requires a key. Polled while the page is visible.

import { Listeners } from "../browser/listeners.ts";
import { isChanging, type PageModel } from "../client/page-models.ts";
import type { Server, ServerReadiness } from "../client/server.ts";
import { connectionError, ServerError } from "../client/server-error.ts";
import type { RequestFailure } from "../conversation/conversation.ts";

export type StatusState = {
  /** All models, the default one first. */
  readonly models: readonly PageModel[];
  readonly readiness: ServerReadiness | null;
  /** Why the last poll failed; null if it succeeded. */
  readonly failure: RequestFailure | null;
};

/** Poll intervals: while nothing changes, and while the server is not ready or a model is between two states. */
const SETTLED_MS = 15_000;
const CHANGING_MS = 1_000;

export class ServerStatus {
  readonly #server: Server;
  readonly #listeners = new Listeners();
  #state: StatusState = { models: [], readiness: null, failure: null };
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Number of polls. Only the result of the newest counts, because an older one may have used another key. */
  #polls = 0;

  constructor(server: Server) {
    this.#server = server;
    document.addEventListener("visibilitychange", () => void this.refresh());
    for (const change of ["online", "offline"]) addEventListener(change, () => void this.refresh());
  }

  readonly subscribe = this.#listeners.subscribe;

  readonly get = (): StatusState => this.#state;

  /** Polls now and schedules the next poll. */
  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    if (document.hidden && this.#state.readiness) return;
    this.#polls += 1;
    const poll = this.#polls;
    const state = await this.#poll();
    if (poll !== this.#polls) return; // a newer poll has started
    this.#state = state;
    this.#listeners.notify();
    this.#timer = setTimeout(
      () => void this.refresh(),
      isSettled(state) ? SETTLED_MS : CHANGING_MS,
    );
  }

  async #poll(): Promise<StatusState> {
    try {
      const readiness = await this.#server.readiness();
      const models = await this.#server.models();
      return { models, readiness, failure: null };
    } catch (error) {
      // Any other error is a timeout.
      const known = error instanceof ServerError ? error : connectionError("unreachable", error);
      return { ...this.#state, failure: known.failure };
    }
  }
}

function isSettled({ models, readiness, failure }: StatusState): boolean {
  return readiness?.status === "ready" && failure === null && !models.some(isChanging);
}
