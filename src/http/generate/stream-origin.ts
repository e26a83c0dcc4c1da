// The origin of a resumable stream: everything from which another gateway makes the same frames, with the same numbers, out of the
// same events. The node keeps it as plain data. It has the request's body, but no key: an owner is a hash.

import type { AnswerIdentity, Dialect, ParsedRequest } from "../../api/dialect.ts";
import { DIALECTS } from "../../api/wire-formats.ts";
import { ServiceError } from "../../errors.ts";
import type { KeptStream } from "../../generation/kept-stream.ts";
import type { Json } from "../../generation/request.ts";
import type { Caller } from "../../keys/caller.ts";
import { modelInPath } from "../routes/path-model.ts";
import { localsOf } from "../server/response-locals.ts";
import type { AcceptedAnswer, Exchange } from "./exchange.ts";
import type { DefaultsDeps } from "./parse-context.ts";
import { formOf, type PreparedForm } from "./prepare-forms.ts";
import { deadlineOf } from "./time-limits.ts";

/** A resumable stream, as its clients know it. */
export type KeptAs = {
  readonly streamId: string;
  readonly token: string;
  /** Whether its readers take no comments. */
  readonly isBare: boolean;
};

export type StreamOrigin = Omit<KeptAs, "streamId"> & {
  readonly format: typeof FORMAT;
  /** Of the dialect. */
  readonly path: string;
  readonly modelInPath: { readonly model?: string };
  readonly body: Json;
  readonly defaultMaxTokens: number | null;
  /** See `PreparedForm`. */
  readonly form: number;
  /** Whether its response was stored, or its store was full; null for an answer that is not to be stored. */
  readonly isStored: boolean | null;
  readonly identity: AnswerIdentity;
  readonly requestId: string;
  /** Null on a server without keys. */
  readonly caller: Caller | null;
  /** The client's address; null if it is unknown. */
  readonly client: string | null;
  /** Unix time in ms. */
  readonly arrivedAt: number;
  /** The client's own limit, counted from the arrival; null for none. */
  readonly deadlineMs: number | null;
};

/** Must be changed with everything that gives the same events other frames: a stream of another format is not continued. */
const FORMAT = 1;

/**
 * Whether another gateway can repeat the frames of a request exactly. Frames that depend on the clock cannot be repeated, and
 * those of several choices arrive in no certain order. It does not have the conversation that a stored response continues.
 */
export function isRepeatable({ requests, flush, storing }: ParsedRequest): boolean {
  return requests.length === 1 && typeof flush !== "number" && !storing?.previousId;
}

type OriginOptions = Exchange &
  Pick<AcceptedAnswer, "stored"> &
  Pick<PreparedForm, "form"> &
  Pick<DefaultsDeps, "maxTokens"> & {
    readonly keptAs: KeptAs;
    readonly identity: AnswerIdentity;
  };

export function originOf({ keptAs, req, res, record, ...options }: OriginOptions): KeptStream {
  const { streamId, ...ownStream } = keptAs;
  const { dialect, parsed, form, stored, identity, requestId, maxTokens = null } = options;
  const origin: StreamOrigin = {
    format: FORMAT,
    ...ownStream,
    path: dialect.path,
    modelInPath: modelInPath(req),
    body: req.body,
    defaultMaxTokens: maxTokens,
    form,
    isStored: parsed.storing ? stored !== null : null,
    identity,
    requestId,
    caller: localsOf(res).caller ?? null,
    client: req.ip ?? null,
    arrivedAt: Date.now() - record.ageMs,
    deadlineMs: deadlineOf(req),
  };
  return { streamId, origin: origin as unknown as Json }; // plain data, but its types have optional members
}

/** Null for an origin that this version does not understand. */
export function readOrigin(origin: Json): StreamOrigin | null {
  const read = origin as unknown as StreamOrigin | null; // only gateways write it
  return read?.format === FORMAT ? read : null;
}

export type OriginalRequest = { readonly dialect: Dialect; readonly parsed: ParsedRequest };

/**
 * Parses the body again. Null for a dialect that this server does not have.
 * @throws ServiceError if the body needs what only the other server had, such as a stored response
 */
export function originalRequest(origin: StreamOrigin, seed: number): OriginalRequest | null {
  const { path, body, form, isStored, defaultMaxTokens } = origin;
  const dialect = DIALECTS.find((each) => each.path === path);
  if (!dialect) return null;
  const parsed = dialect.parse(body, {
    ...origin.modelInPath,
    defaultMaxTokens,
    allowsGrammar: true,
    randomSeed: () => seed,
    ...(isStored === null ? {} : { conversation: lostConversation }),
  });
  return { dialect, parsed: formOf(parsed, form) };
}

function lostConversation(): never {
  const message = "the response that this one continues was lost with its gateway";
  throw new ServiceError("previous_response_not_found", message);
}
