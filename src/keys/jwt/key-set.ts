// The public keys of the issuer of tokens: from a file, or fetched and kept. Keys that are known are used without a fetch, also
// while the issuer cannot be reached. A fetch has a time limit and a cooldown, so that made-up tokens cause few of them.

import { readFileSync, statSync } from "node:fs";
import { createLocalJWKSet, errors, type JSONWebKeySet, type LocalJWKSet } from "jose";
import { ServiceError } from "../../errors.ts";

/** The file with the keys cannot be used. Its message is one line. */
export class JwksFileError extends Error {
  override readonly name = "JwksFileError";
}

/** Finds the key of a token. @throws JOSEError for a token without one, ServiceError `key_set_unavailable` */
export type FindKey = (...token: Parameters<LocalJWKSet>) => ReturnType<LocalJWKSet>;

/** Fetches the key set; rejects if that fails. */
export type FetchKeySet = () => Promise<JSONWebKeySet>;

/** Keys are fetched again after this time. */
const FRESH_MS = 3_600_000;
/** Keys that cannot be fetched again are used for this time: an outage of the issuer must not lock everyone out. */
const KEPT_MS = 24 * 3_600_000;
/** Between fetches: for a key that is not in the set, and after a fetch that failed. */
const COOLDOWN_MS = 30_000;
const COOLDOWN_AFTER_FAILURE_MS = 10_000;
const CHECK_FILE_MS = 1_000;

/** @throws JwksFileError if the file cannot be used now. Later, the keys that it had are kept. */
export function keySetOfFile(file: string, log: (message: string) => void): FindKey {
  let mtimeMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  let keys = readKeySet(file);
  let checkAtMs = performance.now() + CHECK_FILE_MS;
  return (...token) => {
    const now = performance.now();
    if (now >= checkAtMs) {
      checkAtMs = now + CHECK_FILE_MS;
      const changed = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
      if (changed !== mtimeMs) {
        mtimeMs = changed;
        try {
          keys = readKeySet(file);
        } catch (error) {
          if (!(error instanceof JwksFileError)) throw error;
          log(`${error.message}; keeping the previous keys of tokens`);
        }
      }
    }
    return keys(...token);
  };
}

function readKeySet(file: string): LocalJWKSet {
  try {
    return createLocalJWKSet(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason =
      code?.startsWith("E") && !code.startsWith("ERR_") ? code : "it is no JSON Web Key Set";
    throw new JwksFileError(`--jwt-jwks: cannot use ${file}: ${reason}`, { cause: error });
  }
}

export class FetchedKeySet {
  readonly #fetch: FetchKeySet;
  readonly #log: (message: string) => void;
  #keys: LocalJWKSet | null = null;
  #fetchedAtMs = Number.NEGATIVE_INFINITY;
  #mayFetchAtMs = Number.NEGATIVE_INFINITY;
  #hasFailed = false;
  #fetching: Promise<void> | null = null;

  /** @param log gets why a fetch failed */
  constructor(fetch: FetchKeySet, log: (message: string) => void) {
    this.#fetch = fetch;
    this.#log = log;
  }

  readonly find: FindKey = async (...token) => {
    const now = performance.now();
    if (now - this.#fetchedAtMs >= FRESH_MS) await this.#refresh();
    try {
      return await this.#current()(...token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const isFetched = await this.#refresh();
      if (isFetched) return this.#current()(...token);
      throw this.#hasFailed ? this.#unavailable() : error;
    }
  };

  /** @throws ServiceError `key_set_unavailable` without keys, or with keys that are too old */
  #current(): LocalJWKSet {
    if (this.#keys && performance.now() - this.#fetchedAtMs < KEPT_MS) return this.#keys;
    throw this.#unavailable();
  }

  /** One fetch at a time, with pauses. @returns whether the keys are new */
  async #refresh(): Promise<boolean> {
    if (!this.#fetching && performance.now() < this.#mayFetchAtMs) return false;
    this.#fetching ??= this.#fetchNow().finally(() => {
      this.#fetching = null;
    });
    await this.#fetching;
    return !this.#hasFailed;
  }

  async #fetchNow(): Promise<void> {
    try {
      this.#keys = createLocalJWKSet(await this.#fetch());
      this.#fetchedAtMs = performance.now();
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed)
        this.#log(
          `cannot fetch the keys of tokens: ${reasonOf(error)}; trying again when a token needs them`,
        );
      this.#hasFailed = true;
    }
    const pauseMs = this.#hasFailed ? COOLDOWN_AFTER_FAILURE_MS : COOLDOWN_MS;
    this.#mayFetchAtMs = performance.now() + pauseMs;
  }

  #unavailable(): ServiceError {
    const waitMs = Math.max(0, this.#mayFetchAtMs - performance.now());
    return new ServiceError(
      "key_set_unavailable",
      "this token cannot be checked now, because the keys of its issuer cannot be fetched",
      { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) },
    );
  }
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
