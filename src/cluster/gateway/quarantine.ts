// The requests that have ended the workers of two nodes: they are refused for a while, by all gateways of the cluster.

import { createHash } from "node:crypto";
import { ServiceError } from "../../errors.ts";
import type { Question } from "../../generation/questions.ts";
import type { PreparedRequest } from "../../generation/request.ts";

const REFUSED_FOR_MS = 10 * 60_000;
/** The oldest are forgotten beyond this number. */
const MAX_REQUESTS = 1_000;
/** Of SHA-256 in base64. */
const HASH_CHARACTERS = 44;

/** What gateways tell each other: the hash of a request, and for how long it is refused from now on, in ms. */
export type QuarantinedRequest = { readonly hash: string; readonly forMs: number };

export class Quarantine {
  readonly #now: () => number;
  /** Hash → when it is accepted again. */
  readonly #until = new Map<string, number>();
  /** Called with all entries when one was added here. */
  onAdded: () => void = () => {};

  /** @param now in ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  add(work: PreparedRequest | Question): void {
    this.#put(hashOf(work), REFUSED_FOR_MS);
    this.onAdded();
  }

  /** @throws ServiceError `worker_crashed` for a request that has ended two nodes */
  check(work: PreparedRequest | Question): void {
    this.#forgetOld();
    if (this.#until.size === 0) return; // the hash of a long prompt takes time
    const until = this.#until.get(hashOf(work));
    if (until === undefined) return;
    const seconds = Math.ceil((until - this.#now()) / 1000);
    throw new ServiceError(
      "worker_crashed",
      `this request has ended the model's process on two nodes, and is refused for ${seconds} s more; change it, or report it`,
      { retryAfterSeconds: seconds },
    );
  }

  get entries(): readonly QuarantinedRequest[] {
    this.#forgetOld();
    const now = this.#now();
    return [...this.#until].map(([hash, until]) => ({ hash, forMs: until - now }));
  }

  /** Takes over those of another gateway. @param entries other data is ignored */
  merge(entries: unknown): void {
    if (!Array.isArray(entries)) return;
    for (const entry of entries.slice(0, MAX_REQUESTS)) {
      const { hash, forMs } = (entry ?? {}) as Partial<QuarantinedRequest>;
      if (typeof hash !== "string" || hash.length !== HASH_CHARACTERS) continue;
      if (typeof forMs !== "number" || !(forMs > 0) || this.#until.has(hash)) continue;
      this.#put(hash, Math.min(forMs, REFUSED_FOR_MS));
    }
  }

  #put(hash: string, forMs: number): void {
    this.#until.set(hash, this.#now() + forMs);
    const [oldest] = this.#until.keys();
    if (this.#until.size > MAX_REQUESTS && oldest !== undefined) this.#until.delete(oldest);
  }

  #forgetOld(): void {
    const now = this.#now();
    for (const [hash, until] of this.#until) if (until <= now) this.#until.delete(hash);
  }
}

/** The seed differs between attempts of the same request, so it does not count. */
function hashOf(work: PreparedRequest | Question): string {
  const hash = createHash("sha256");
  if ("type" in work) return hash.update(JSON.stringify(work)).digest("base64");
  const { promptTokens, sampling, output } = work;
  const { seed: _, ...sampled } = sampling;
  hash.update(promptTokens);
  return hash.update(JSON.stringify([sampled, output])).digest("base64");
}
