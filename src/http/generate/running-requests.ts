// The requests that are inside, whoever they are from and in whatever phase: to be listed, and stopped from outside.

import { ServiceError } from "../../errors.ts";
import type { QueuePosition } from "../../queue/ticket.ts";

type RequestState = {
  readonly model: string | null;
  readonly isStreamed: boolean;
  /** Where it waits for a slot; null while it does not. */
  readonly place: QueuePosition | null;
  readonly promptTokens: number;
  readonly generatedTokens: number;
};

export type RunningRequest = {
  readonly requestId: string;
  /** Nobody else sees it. */
  readonly owner: string;
  readonly path: string;
  readonly startedAtMs: number;
  readonly state: () => RequestState;
  readonly abort: (error: ServiceError) => void;
};

export class RunningRequests {
  /** Clients may give several requests the same id. */
  readonly #requests = new Set<RunningRequest>();

  /** @returns to be called at its end */
  add(request: RunningRequest): () => void {
    this.#requests.add(request);
    return () => void this.#requests.delete(request);
  }

  /** Oldest first. */
  of(owner: string): readonly RunningRequest[] {
    return [...this.#requests].filter((request) => request.owner === owner);
  }

  /** @throws ServiceError `not_found` */
  stop(requestId: string, owner: string): void {
    const found = this.of(owner).filter((request) => request.requestId === requestId);
    if (found.length === 0) {
      const shown = JSON.stringify(requestId.slice(0, 100));
      throw new ServiceError(
        "not_found",
        `no request ${shown} is running; GET /v1/requests lists them`,
      );
    }
    for (const { abort } of found) {
      abort(new ServiceError("cancelled", "the request was stopped from outside"));
    }
  }
}
