// Loading a model without a request that waits for it: at the start of the server.

import type { ServiceError } from "../../errors.ts";
import { type Deferred, deferred } from "../../generation/deferred.ts";
import type { ModelInfo } from "../../generation/model-info.ts";
import type { Demand } from "../../queue/fair-share.ts";

export class Preload {
  #wanted: { readonly demand: Demand; readonly loaded: Deferred<ModelInfo> } | null = null;

  /** As what it waits among requests; null if nobody asked for it. */
  get demand(): Demand | null {
    return this.#wanted?.demand ?? null;
  }

  /** @throws ServiceError why it cannot be loaded */
  start(): Promise<ModelInfo> {
    const demand = { owner: "", isFlex: false, arrivedAtMs: performance.now() };
    this.#wanted ??= { demand, loaded: deferred() };
    return this.#wanted.loaded.promise;
  }

  succeed(info: ModelInfo): void {
    this.#wanted?.loaded.resolve(info);
    this.#wanted = null;
  }

  fail(error: ServiceError): void {
    this.#wanted?.loaded.reject(error);
    this.#wanted = null;
  }
}
