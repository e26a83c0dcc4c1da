// Everything with which a client can prove who it is: API keys, and tokens of an OpenID Connect provider.

import type { Caller } from "./caller.ts";
import { type JwtCallers, looksLikeJwt } from "./jwt/jwt-callers.ts";
import type { KeyRing } from "./key-ring.ts";

export class Credentials {
  readonly #keys: KeyRing;
  readonly #jwt: JwtCallers | null;

  constructor(keys: KeyRing, jwt: JwtCallers | null) {
    this.#keys = keys;
    this.#jwt = jwt;
  }

  /** Whether requests need none. */
  get isOpen(): boolean {
    return this.#jwt === null && this.#keys.isOpen;
  }

  get callers(): readonly Caller[] {
    return [...this.#keys.callers, ...(this.#jwt?.callers ?? [])];
  }

  /**
   * A key is known at once, also one that looks like a token; a token takes a moment.
   * @throws ServiceError `invalid_api_key` or `key_set_unavailable`, or rejects with it
   */
  authenticate(given: string): Caller | Promise<Caller> {
    return this.#jwt && looksLikeJwt(given) && !this.#keys.find(given)
      ? this.#jwt.authenticate(given)
      : this.#keys.authenticate(given);
  }

  /** Calls the listener when the keys may have changed. The listener must not throw. */
  onChange(listener: () => void): void {
    this.#keys.onChange(listener);
  }

  update(...changed: Parameters<KeyRing["update"]>): void {
    this.#keys.update(...changed);
  }

  reload(): void {
    this.#keys.reload();
  }

  close(): void {
    this.#keys.close();
  }
}
