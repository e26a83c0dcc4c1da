// Accepts a request before its first token: waits for its model, prepares the prompt (shortened if the client allows that), makes the encoder,
// and reserves a place in the store. After that a request can fail, but is not refused any more.

import type {
  AnswerEncoder,
  ParsedRequest,
  StoredAnswerEncoder,
  StoringOptions,
} from "../../api/dialect.ts";
import { type CompiledOptions, compiledRequest } from "../../compile/compiled-request.ts";
import type { CompiledDocument } from "../../compile/schema-document.ts";
import { ServiceError } from "../../errors.ts";
import type { ModelInfo } from "../../generation/model-info.ts";
import type { AskedPrompt, PreparedRequest, Prompt } from "../../generation/request.ts";
import type { KeptResponse, StoredResponses } from "../../resume/stored-responses.ts";
import { callerOf, ownerOf } from "../server/response-locals.ts";
import { askInTurn, type QuestionDeps } from "./ask-in-turn.ts";
import { type Exchange, gateOf, identityOf } from "./exchange.ts";
import { type FitDeps, fitToModel } from "./fit-to-model.ts";
import { type CacheDeps, type CacheWatch, watchCache } from "./watch-cache.ts";

export type AcceptDeps = QuestionDeps & FitDeps & CompileDeps & CacheDeps & StoreDeps;

type CompileDeps = Pick<CompiledOptions, "keepChangingLines">;

type StoreDeps = { readonly responses: Pick<StoredResponses, "begin"> };

export type AcceptedExchange = Exchange & {
  /** One for each choice. */
  readonly prepared: readonly PreparedRequest[];
  readonly cache: CacheWatch;
  readonly encoder: AnswerEncoder;
  /** Null if the answer is not stored. */
  readonly stored: KeptResponse | null;
};

/** Running responses usually end within seconds, and free their memory. */
const STORE_RETRY_SECONDS = 5;
/** A conversation is shortened until the answer has this share of the context, or its `max_tokens`. */
const ANSWER_SHARE = 0.25;

/** @throws ServiceError 4xx for a prompt that cannot be served */
export async function accept(exchange: Exchange, deps: AcceptDeps): Promise<AcceptedExchange> {
  const { res, client, record } = exchange;
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
  const accepted = { ...exchange, parsed, prepared, cache };
  const { storing } = parsed;
  const identity = {
    ...named,
    promptTokens,
    ...(cache.comparison ? { comparison: cache.comparison } : {}),
  };
  if (!storing) return { ...accepted, encoder: parsed.encoder(identity), stored: null };
  const encoder = storing.encoder(identity);
  return { ...accepted, encoder, stored: store({ ...exchange, ...deps }, encoder, storing) };
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
  exchange: Exchange & StoreDeps,
  encoder: StoredAnswerEncoder,
  { previousId, isBackground }: StoringOptions,
): KeptResponse | null {
  const { responses, res, client, admission } = exchange;
  const isWaiting = () => admission.place !== null; // not of `exchange`: the store would keep all of it
  const response = responses.begin({
    id: encoder.id,
    owner: ownerOf(res),
    previousId,
    input: encoder.input(),
    state: () => encoder.state(isWaiting()),
    output: () => encoder.output(),
    replay: () => encoder.replay(),
    waitStatus: exchange.waitStatus,
    abort: client.abort,
  });
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

type CompiledExchange = Exchange & {
  readonly compiled: CompiledDocument;
  readonly deps: QuestionDeps & CompileDeps;
};

/** One length of the conversation, with its choices prepared. */
type PreparedForm = {
  readonly parsed: ParsedRequest;
  readonly prepared: readonly PreparedRequest[];
  /** What the choices were prepared from. */
  readonly prompts: readonly Prompt[];
};

/** The longest form that leaves room for an answer; if none does, the shortest. */
async function longestFitting(exchange: CompiledExchange): Promise<PreparedForm> {
  const { shorterForms = [] } = exchange.parsed;
  const shortest = shorterForms.at(-1);
  if (!shortest) return prepareForm(exchange, exchange.parsed);
  const whole = await tryForm(exchange, exchange.parsed);
  if (whole) return whole;
  let found: PreparedForm | null = null;
  let [from, to] = [0, shorterForms.length - 1];
  while (from <= to) {
    const middle = Math.floor((from + to) / 2);
    const form = shorterForms[middle];
    const tried = form ? await tryForm(exchange, form()) : null;
    if (tried) [found, to] = [tried, middle - 1];
    else from = middle + 1;
  }
  return found ?? prepareForm(exchange, shortest());
}

/** Null if it does not fit, or leaves too little room for an answer. */
async function tryForm(
  exchange: CompiledExchange,
  parsed: ParsedRequest,
): Promise<PreparedForm | null> {
  try {
    const form = await prepareForm(exchange, parsed, { isTrial: true });
    return hasRoom(form) ? form : null;
  } catch (error) {
    const isTooLong = error instanceof ServiceError && error.code === "context_length_exceeded";
    if (isTooLong) return null;
    throw error;
  }
}

function hasRoom({ parsed, prepared }: PreparedForm): boolean {
  return prepared.every(({ promptTokens, maxTokens }, index) => {
    const requested = parsed.requests[index]?.maxTokens ?? Number.POSITIVE_INFINITY;
    const contextTokens = promptTokens.length + maxTokens; // exact if the answer got less than requested
    return maxTokens >= Math.min(requested, contextTokens * ANSWER_SHARE);
  });
}

/**
 * Choices of the same prompt are prepared once: only their seeds differ.
 * @throws ServiceError 4xx for a prompt that cannot be served
 */
async function prepareForm(
  exchange: CompiledExchange,
  parsed: ParsedRequest,
  { isTrial }: { readonly isTrial: boolean } = { isTrial: false },
): Promise<PreparedForm> {
  const { deps, client, res, model, compiled } = exchange;
  const { signal, abort } = client;
  const gate = gateOf(exchange);
  const turn = { signal, abort, caller: callerOf(res), isAdmitted: true, model, gate };
  const byPrompt = new Map<AskedPrompt, { prepared: PreparedRequest; prompt: Prompt }>();
  for (const asked of parsed.requests) {
    if (byPrompt.has(asked.prompt)) continue;
    const request = compiledRequest(asked, { ...deps, compiled });
    const prepared = await askInTurn(deps, turn, (ask) =>
      ask({ type: "prepare", request, isTrial }),
    );
    byPrompt.set(asked.prompt, { prepared, prompt: request.prompt });
  }
  const choices = parsed.requests.flatMap(({ prompt, sampling }) => {
    const found = byPrompt.get(prompt);
    return found ? [{ prompt: found.prompt, prepared: { ...found.prepared, sampling } }] : [];
  });
  return {
    parsed,
    prepared: choices.map(({ prepared }) => prepared),
    prompts: choices.map(({ prompt }) => prompt),
  };
}
