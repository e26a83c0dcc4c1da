// How it is with the server: its models, what it is busy with, whether it wants a key. Asked again and again while the page is seen.

import type { Failure } from "../conversation/conversation.ts";
import type { Readiness, ServedModel, Server } from "../server/server.ts";
import { brokenConnection, ServerError } from "../server/server-error.ts";

export type StatusState = {
  readonly models: readonly ServedModel[];
  readonly readiness: Readiness | null;
  /** Why the last look failed; null if it did not. */
  readonly failure: Failure | null;
};

/** Between two looks: while it is ready, and while it is not. */
const CALM_MS = 15_000;
const BUSY_MS = 1_000;

export class ServerStatus {
  readonly #server: Server;
  readonly #listeners = new Set<() => void>();
  #state: StatusState = { models: [], readiness: null, failure: null };
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Looks so far: only the newest one counts, since an older one may have had another key. */
  #looks = 0;

  constructor(server: Server) {
    this.#server = server;
    document.addEventListener("visibilitychange", () => void this.look());
    for (const change of ["online", "offline"]) addEventListener(change, () => void this.look());
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly get = (): StatusState => this.#state;

  /** Now, and then from time to time. */
  async look(): Promise<void> {
    clearTimeout(this.#timer);
    if (document.hidden && this.#state.readiness) return;
    this.#looks += 1;
    const look = this.#looks;
    const state = await this.#ask();
    if (look !== this.#looks) return; // another one was begun meanwhile
    this.#state = state;
    for (const listener of this.#listeners) listener();
    const isCalm = state.readiness?.status === "ready" && state.failure === null;
    this.#timer = setTimeout(() => void this.look(), isCalm ? CALM_MS : BUSY_MS);
  }

  async #ask(): Promise<StatusState> {
    try {
      const readiness = await this.#server.readiness();
      const models = await this.#server.models();
      return { models, readiness, failure: null };
    } catch (error) {
      // Anything else is a look that took too long.
      const known = error instanceof ServerError ? error : brokenConnection("unreachable", error);
      return { ...this.#state, failure: known.failure };
    }
  }
}
