// The register of all requests that wait or run, so that their owners can list and cancel them.

import type { ListedRequest } from "../../api/sluice/requests.ts";
import { ServiceError } from "../../errors.ts";

type RequestState = Omit<ListedRequest, "requestId" | "path" | "ageMs">;

export type RunningRequest = {
  readonly requestId: string;
  /** Only the owner may list and cancel it. */
  readonly owner: string;
  readonly path: string;
  readonly startedAtMs: number;
  readonly state: () => RequestState;
  readonly abort: (error: ServiceError) => void;
};

export class RunningRequests {
  /** A set, because several requests may have the same id: clients can choose it. */
  readonly #requests = new Set<RunningRequest>();

  /** @returns a function to call when the request ends */
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
      const message = `no request ${shown} is running; GET /v1/requests lists those that are`;
      throw new ServiceError("not_found", message);
    }
    for (const { abort } of found) {
      abort(new ServiceError("cancelled", "the request was cancelled by DELETE /v1/requests"));
    }
  }
}
