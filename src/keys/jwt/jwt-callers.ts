// Tokens of an OpenID Connect provider as API keys: checks a token, and makes a caller of its claims.

import { createHash } from "node:crypto";
import { errors, type JWTPayload, jwtVerify } from "jose";
import { ServiceError } from "../../errors.ts";
import type { CallerGroup } from "../../generation/caller.ts";
import { type Caller, NO_LIMITS, SCOPES, type Scope } from "../caller.ts";
import type { FindKey } from "./key-set.ts";

export type JwtOptions = {
  readonly issuer: string;
  readonly audience: string;
  readonly findKey: FindKey;
  /** The first of these claims that a token has is the name of its caller. */
  readonly nameClaims: readonly string[];
  /** The scopes of a caller whose token has no scopes of this server. */
  readonly scopes: readonly Scope[];
  /** A claim with scopes of this server: a list, or a text with spaces between them; null for none. */
  readonly scopeClaim: string | null;
  /** A claim with the names of groups; null for none. */
  readonly groupClaim: string | null;
  /** A group of the keys file by its name. */
  readonly groupNamed: (name: string) => CallerGroup | null;
};

/** Three parts in base64url. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
/** Only asymmetric ones: a public key must never become the secret of an HMAC. */
const ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];
const CLOCK_TOLERANCE_SECONDS = 30;
/** The newest callers are remembered: each is a label of metrics, and a line of the usage. */
const MAX_CALLERS = 1_000;
const MAX_NAME_CHARS = 64;
const IDENTITY_CHARS = 12;

export function looksLikeJwt(text: string): boolean {
  return JWT.test(text);
}

export class JwtCallers {
  readonly #options: JwtOptions;
  /** By owner, the one that was seen last at the end. */
  readonly #callers = new Map<string, Caller>();

  constructor(options: JwtOptions) {
    this.#options = options;
  }

  /** Callers that were seen since the start, at most a thousand. */
  get callers(): readonly Caller[] {
    return [...this.#callers.values()];
  }

  /** @throws ServiceError `invalid_api_key` or `key_set_unavailable` */
  async authenticate(token: string): Promise<Caller> {
    const caller = this.#callerOf(await this.#verified(token));
    this.#callers.delete(caller.owner);
    this.#callers.set(caller.owner, caller);
    const [oldest] = this.#callers.keys();
    if (this.#callers.size > MAX_CALLERS && oldest !== undefined) this.#callers.delete(oldest);
    return caller;
  }

  async #verified(token: string): Promise<JWTPayload> {
    const { issuer, audience, findKey } = this.#options;
    try {
      const { payload } = await jwtVerify(token, findKey, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ["exp", "sub"],
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JOSEError) throw refusalOf(error);
      throw error;
    }
  }

  #callerOf(payload: JWTPayload): Caller {
    const { issuer, groupClaim, groupNamed } = this.#options;
    if (typeof payload.sub !== "string" || payload.sub === "")
      throw new ServiceError("invalid_api_key", "this token is not valid: it has no sub");
    const identity = createHash("sha256").update(`${issuer}\n${payload.sub}`).digest("hex");
    const owner = `jwt:${identity}`;
    const groups = groupClaim === null ? [] : wordsIn(payload[groupClaim]);
    return {
      owner,
      name: this.#nameFor(owner, payload),
      scopes: this.#scopesOf(payload),
      limits: NO_LIMITS,
      models: null,
      expiresAtMs: null, // each request is checked
      group: groups.map(groupNamed).find((group) => group !== null) ?? null,
    };
  }

  /** Many providers let people choose their name: who chooses that of another caller gets a part of the identity behind it. */
  #nameFor(owner: string, payload: JWTPayload): string {
    const name = this.#nameOf(payload);
    const isTaken = this.callers.some((other) => other.name === name && other.owner !== owner);
    return isTaken ? `${name}#${owner.slice("jwt:".length).slice(0, IDENTITY_CHARS)}` : name;
  }

  /** Begins with `jwt:`, which the name of a key cannot: nobody gets the name of another one's key. */
  #nameOf(payload: JWTPayload): string {
    const names = this.#options.nameClaims.map((claim) => payload[claim]);
    const name = names.find((each) => typeof each === "string" && each !== "") ?? payload.sub;
    return `jwt:${String(name)
      .replace(/[^\w.@+-]/g, "_")
      .slice(0, MAX_NAME_CHARS)}`;
  }

  #scopesOf(payload: JWTPayload): readonly Scope[] {
    const { scopeClaim, scopes } = this.#options;
    if (scopeClaim === null) return scopes;
    const words = wordsIn(payload[scopeClaim]);
    const own = SCOPES.filter((scope) => words.includes(scope));
    return own.length > 0 ? own : scopes;
  }
}

/** A list of texts, or a text with spaces. */
function wordsIn(claim: unknown): readonly string[] {
  if (typeof claim === "string") return claim.split(/\s+/);
  return Array.isArray(claim) ? claim.filter((each) => typeof each === "string") : [];
}

/** Names the claim, never its value. */
function refusalOf(error: errors.JOSEError): ServiceError {
  const options = { cause: error };
  if (error instanceof errors.JWTExpired)
    return new ServiceError("invalid_api_key", "this token has expired", options);
  const reason =
    error instanceof errors.JWTClaimValidationFailed
      ? `: its ${error.claim} is not as required`
      : "";
  return new ServiceError("invalid_api_key", `this token is not valid${reason}`, options);
}
