// The origin of a resumable stream: everything from which another gateway makes the same frames, with the same numbers, out of the
// same events. The node keeps it as plain data. It has the request's body, but no key: an owner is a hash.

import type { AnswerIdentity, Dialect, ParsedRequest } from "../../api/dialect.ts";
import { DIALECTS } from "../../api/wire-formats.ts";
import type { KeptStream } from "../../generation/kept-stream.ts";
import type { Json } from "../../generation/request.ts";
import type { Caller } from "../../keys/caller.ts";
import { modelInPath } from "../routes/path-model.ts";
import { localsOf } from "../server/response-locals.ts";
import type { Exchange } from "./exchange.ts";
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
 * those of several choices arrive in no certain order. A stored response ends with the gateway that stores it.
 */
export function isRepeatable({ requests, flush, storing }: ParsedRequest): boolean {
  return requests.length === 1 && typeof flush !== "number" && !storing;
}

type OriginOptions = Exchange &
  Pick<PreparedForm, "form"> &
  Pick<DefaultsDeps, "maxTokens"> & {
    readonly keptAs: KeptAs;
    readonly identity: AnswerIdentity;
  };

export function originOf({ keptAs, req, res, record, ...options }: OriginOptions): KeptStream {
  const { streamId, ...ownStream } = keptAs;
  const { dialect, form, identity, requestId, maxTokens = null } = options;
  const origin: StreamOrigin = {
    format: FORMAT,
    ...ownStream,
    path: dialect.path,
    modelInPath: modelInPath(req),
    body: req.body,
    defaultMaxTokens: maxTokens,
    form,
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
  const { path, body, form, defaultMaxTokens } = origin;
  const dialect = DIALECTS.find((each) => each.path === path);
  if (!dialect) return null;
  const parsed = dialect.parse(body, {
    ...origin.modelInPath,
    defaultMaxTokens,
    allowsGrammar: true,
    randomSeed: () => seed,
  });
  return { dialect, parsed: formOf(parsed, form) };
}
