// Accepts a request before its first token: waits for its model, prepares the prompt (shortened if the client allows that), makes the encoder,
// and reserves a place in the store. After that a request can fail, but is not refused any more.

import type { AnswerIdentity, StoredAnswerEncoder, StoringOptions } from "../../api/dialect.ts";
import { ServiceError } from "../../errors.ts";
import type { GenerateEvent } from "../../generation/events.ts";
import type { KeptStream } from "../../generation/kept-stream.ts";
import type { ModelInfo } from "../../generation/model-info.ts";
import type { KeptResponse } from "../../resume/stored-responses.ts";
import { ownerOf } from "../server/response-locals.ts";
import { type AcceptedAnswer, type Exchange, gateOf, identityOf } from "./exchange.ts";
import { type FitDeps, fitToModel } from "./fit-to-model.ts";
import type { DefaultsDeps } from "./parse-context.ts";
import { type FormsDeps, longestFitting, type PreparedForm } from "./prepare-forms.ts";
import { type StoreDeps, storeAnswer } from "./store-answer.ts";
import { type KeptAs, originOf } from "./stream-origin.ts";
import { type CacheDeps, scopeOf, watchCache } from "./watch-cache.ts";

export type AcceptDeps = FitDeps &
  FormsDeps &
  CacheDeps &
  StoreDeps &
  Pick<DefaultsDeps, "maxTokens">;

type AcceptOptions = Exchange & {
  /** The resumable stream, if it may outlive this server; otherwise null. */
  readonly keptAs: KeptAs | null;
};

/** Running responses usually end within seconds, and free their memory. */
const STORE_RETRY_SECONDS = 5;

/** @throws ServiceError 4xx for a prompt that cannot be served */
export async function accept(exchange: AcceptOptions, deps: AcceptDeps): Promise<AcceptedAnswer> {
  const { res, client, record, keptAs } = exchange;
  const { requests, ignoredParams, wishes = [] } = exchange.parsed;
  const ready = () => exchange.model.ready(gateOf(exchange));
  const asked = { res, ready, signal: client.signal, request: requests[0], ignoredParams, wishes };
  const compiled = await fitToModel(asked, deps);
  requireGenerating(await ready());
  const form = await longestFitting({ ...exchange, compiled, deps });
  const { parsed, prepared } = form;
  record.prepared(prepared, parsed.choicesPerPrompt);
  const { promptTokens } = record.tokens;
  const named = identityOf(exchange);
  const cache = watchCache({ ...form, id: named.id, res, model: exchange.model.info }, deps);
  const identity: AnswerIdentity = {
    ...named,
    promptTokens,
    ...(cache.comparison ? { comparison: cache.comparison } : {}),
  };
  const { responses, sharedCache, maxTokens } = deps;
  const writing = writingOf({ ...exchange, responses, parsed, identity });
  const origin = { ...exchange, ...form, ...writing, maxTokens, identity };
  const kept = keptAs && originOf({ ...origin, keptAs });
  const { dialect, requestId } = exchange;
  return {
    dialect,
    requestId,
    client,
    record,
    ...writing,
    prepared,
    flush: parsed.flush,
    events: (choice) => generate({ ...exchange, prepared, sharedCache, kept }, choice),
    charge: (choice, tally) => exchange.admission.ticketOf(choice).charge(tally),
    promptRead: cache.read,
  };
}

type Writing = Pick<AcceptedAnswer, "encoder" | "stored">;

/** Makes the encoder, and stores the answer if the client asks for that. */
function writingOf(
  exchange: Exchange & StoreDeps & { readonly identity: AnswerIdentity },
): Writing {
  const { parsed, identity } = exchange;
  const { storing } = parsed;
  if (!storing) return { encoder: parsed.encoder(identity), stored: null };
  const encoder = storing.encoder(identity);
  return { encoder, stored: store(exchange, encoder, storing) };
}

type Generating = Exchange &
  Pick<PreparedForm, "prepared"> &
  Pick<CacheDeps, "sharedCache"> & { readonly kept: KeptStream | null };

/** The engine's events of one choice. */
function generate(
  { res, client, model, admission, prepared, sharedCache, kept }: Generating,
  choice: number,
): AsyncIterable<GenerateEvent> {
  const request = prepared[choice];
  if (!request) throw new Error(`choice ${choice} is not prepared`);
  const lease = admission.ticketOf(choice);
  lease.expect({ promptTokens: request.promptTokens.length, maxTokens: request.maxTokens });
  const { signal, deadline } = client;
  const cacheScope = scopeOf(res, sharedCache);
  const options = { signal, deadline, lease, cacheScope, ...(kept ? { kept } : {}) };
  return model.engine.generate(request, options);
}

/** @throws ServiceError 400 for a model that only computes embeddings or ranks documents */
function requireGenerating({ isEmbedding }: ModelInfo): void {
  if (!isEmbedding) return;
  throw new ServiceError(
    "unsupported_parameter",
    "this model computes embeddings or ranks documents and cannot generate; POST it to /v1/embeddings or /v1/rerank, or choose another model",
    { field: "model" },
  );
}

/** Null if the store is full; the answer then says that it is not stored. @throws ServiceError if it runs in background */
function store(
  { res, client, responses, ...exchange }: Exchange & StoreDeps,
  encoder: StoredAnswerEncoder,
  { previousId, isBackground }: StoringOptions,
): KeptResponse | null {
  const { admission, waitStatus } = exchange;
  const { abort } = client;
  const request = { owner: ownerOf(res), encoder, previousId, admission, waitStatus, abort };
  const response = storeAnswer(request, { responses });
  if (response) return response;
  if (isBackground)
    throw new ServiceError(
      "response_store_full",
      "there is no room to store this response: the running responses of one client may use as much of --response-store as they leave free; retry when one of them has ended, or send less",
      { retryAfterSeconds: STORE_RETRY_SECONDS },
    );
  encoder.forget();
  return null;
}
