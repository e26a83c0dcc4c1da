// Before the first token: the prompt is prepared (cut, where the client allows that), and the answer's encoder made. From
// then on nothing can be refused any more.

import { randomUUID } from "node:crypto";
import type {
  AnswerEncoder,
  AnswerIdentity,
  ParsedRequest,
  StoredAnswerEncoder,
  StoringOptions,
} from "../../api/dialect.ts";
import { compiledRequest } from "../../compile/compiled-request.ts";
import type { CompiledDocument } from "../../compile/schema-document.ts";
import { ServiceError } from "../../errors.ts";
import type { AskedPrompt, PreparedRequest } from "../../generation/request.ts";
import type { KeptResponse } from "../../resume/response-store.ts";
import { callerOf, ownerOf } from "../server/middleware.ts";
import { askInTurn } from "./ask-in-turn.ts";
import { compileSchemas } from "./compiled-schemas.ts";
import { describeWait, type Exchange } from "./exchange.ts";

/** The answer as it is kept, and who knows how it stands. */
export type Kept = { readonly response: KeptResponse; readonly encoder: StoredAnswerEncoder };

export type Accepted = Exchange & {
  /** One for each choice. */
  readonly prepared: readonly PreparedRequest[];
  readonly encoder: AnswerEncoder;
  /** Null when the answer is forgotten as soon as it has been sent. */
  readonly kept: Kept | null;
};

/** A response that runs ends within seconds, as a rule. */
const STORE_RETRY_SECONDS = 5;
/** Where a shorter conversation is taken, the answer has this share of the context, or all that it may be. */
const ANSWER_SHARE = 0.25;

/** @throws ServiceError 4xx for a prompt that cannot be served */
export async function accept(on: Exchange): Promise<Accepted> {
  const { requests, ignoredParams } = on.parsed;
  const { signal } = on.client;
  const compiled = await compileSchemas({ ...on, request: requests[0], ignoredParams, signal });
  const { parsed, prepared } = await fitting({ ...on, compiled });
  on.record.prepared(prepared, parsed.choicesPerPrompt);
  const accepted = { ...on, parsed, prepared };
  const { storing } = parsed;
  if (!storing) return { ...accepted, encoder: parsed.encoder(identityOf(on)), kept: null };
  const encoder = storing.encoder(identityOf(on));
  return { ...accepted, encoder, kept: keep(on, encoder, storing) };
}

export function identityOf({ record }: Pick<Exchange, "record">): AnswerIdentity {
  return {
    id: randomUUID().replaceAll("-", ""),
    model: record.model ?? "",
    createdAtSeconds: Math.floor(Date.now() / 1000),
  };
}

/** Null when there is no room for it: its answer says so. @throws ServiceError for one that nobody could ask for then */
function keep(
  on: Exchange,
  encoder: StoredAnswerEncoder,
  { previousId, isBackground }: StoringOptions,
): Kept | null {
  const { deps, res, client } = on;
  const isWaiting = () => on.tickets.some(({ place }) => place !== null);
  const response = deps.responses.begin({
    id: encoder.id,
    owner: ownerOf(res),
    previousId,
    input: encoder.input(),
    state: () => encoder.state(isWaiting()),
    news: () => describeWait(on),
    abort: client.abort,
  });
  if (response) return { response, encoder };
  if (isBackground) throw noRoom();
  encoder.forget();
  return null;
}

function noRoom(): ServiceError {
  return new ServiceError(
    "response_store_full",
    "there is no room to keep this response: those that run may take as much of --response-store as they leave free; try again when one of them has ended, or send less",
    { retryAfterSeconds: STORE_RETRY_SECONDS },
  );
}

/** One whose schemas have been compiled. */
type CompiledExchange = Exchange & { readonly compiled: CompiledDocument };

/** A form of the request, with its choices prepared. */
type Form = { readonly parsed: ParsedRequest; readonly prepared: readonly PreparedRequest[] };

/** The longest form that leaves room for an answer; where none does, the shortest. */
async function fitting(on: CompiledExchange): Promise<Form> {
  const { shorterForms = [] } = on.parsed;
  const shortest = shorterForms.at(-1);
  if (!shortest) return prepareForm(on, on.parsed);
  const whole = await tryForm(on, on.parsed);
  if (whole) return whole;
  let found: Form | null = null;
  let [from, to] = [0, shorterForms.length - 1];
  while (from <= to) {
    const middle = Math.floor((from + to) / 2);
    const form = shorterForms[middle];
    const tried = form ? await tryForm(on, form()) : null;
    if (tried) [found, to] = [tried, middle - 1];
    else from = middle + 1;
  }
  return found ?? prepareForm(on, shortest());
}

/** Null when it does not fit, or leaves too little room for an answer. */
async function tryForm(on: CompiledExchange, parsed: ParsedRequest): Promise<Form | null> {
  try {
    const form = await prepareForm(on, parsed);
    return hasRoom(form) ? form : null;
  } catch (error) {
    const isTooLong = error instanceof ServiceError && error.code === "context_length_exceeded";
    if (isTooLong) return null;
    throw error;
  }
}

function hasRoom({ parsed, prepared }: Form): boolean {
  return prepared.every(({ promptTokens, maxTokens }, index) => {
    const wanted = parsed.requests[index]?.maxTokens ?? Number.POSITIVE_INFINITY;
    const contextTokens = promptTokens.length + maxTokens; // unless it has all that it wants
    return maxTokens >= Math.min(wanted, contextTokens * ANSWER_SHARE);
  });
}

/**
 * Those of the same prompt are prepared once: they differ in their seeds alone.
 * @throws ServiceError 4xx for a prompt that cannot be served
 */
async function prepareForm(
  { deps, client, res, compiled }: CompiledExchange,
  parsed: ParsedRequest,
): Promise<Form> {
  const { signal, abort } = client;
  const turn = { signal, abort, caller: callerOf(res), isAdmitted: true };
  const byPrompt = new Map<AskedPrompt, PreparedRequest>();
  for (const asked of parsed.requests) {
    if (byPrompt.has(asked.prompt)) continue;
    const request = compiledRequest(asked, compiled);
    const prepared = await askInTurn(deps, turn, (ask) => ask({ type: "prepare", request }));
    byPrompt.set(asked.prompt, prepared);
  }
  const prepared = parsed.requests.flatMap(({ prompt, sampling }) => {
    const found = byPrompt.get(prompt);
    return found ? [{ ...found, sampling }] : [];
  });
  return { parsed, prepared };
}
