// Finds the longest form of a conversation that fits the model, and prepares its choices. Called by accept.ts.

import type { ParsedRequest } from "../../api/dialect.ts";
import { type CompiledOptions, compiledRequest } from "../../compile/compiled-request.ts";
import type { CompiledDocument } from "../../compile/schema-document.ts";
import { ServiceError } from "../../errors.ts";
import type { AskedPrompt, PreparedRequest, Prompt } from "../../generation/request.ts";
import { callerOf } from "../server/response-locals.ts";
import { askInTurn, type QuestionDeps } from "./ask-in-turn.ts";
import { type Exchange, gateOf } from "./exchange.ts";

export type FormsDeps = QuestionDeps & Pick<CompiledOptions, "keepChangingLines">;

/** A conversation is shortened until the answer has this share of the context, or its `max_tokens`. */
const ANSWER_SHARE = 0.25;

type CompiledExchange = Exchange & {
  readonly compiled: CompiledDocument;
  readonly deps: FormsDeps;
};

/** One length of the conversation, with its choices prepared. */
export type PreparedForm = {
  /** 0 for the whole conversation; otherwise its number among the shorter forms, from 1. */
  readonly form: number;
  readonly parsed: ParsedRequest;
  readonly prepared: readonly PreparedRequest[];
  /** What the choices were prepared from. */
  readonly prompts: readonly Prompt[];
};

/** The request in the form with this number. */
export function formOf(parsed: ParsedRequest, form: number): ParsedRequest {
  return parsed.shorterForms?.[form - 1]?.() ?? parsed;
}

/** The longest form that leaves room for an answer; if none does, the shortest. */
export async function longestFitting(exchange: CompiledExchange): Promise<PreparedForm> {
  const { shorterForms = [] } = exchange.parsed;
  if (shorterForms.length === 0) return prepareForm(exchange, 0);
  const whole = await tryForm(exchange, 0);
  if (whole) return whole;
  let found: PreparedForm | null = null;
  let [from, to] = [1, shorterForms.length];
  while (from <= to) {
    const middle = Math.floor((from + to) / 2);
    const tried = await tryForm(exchange, middle);
    if (tried) [found, to] = [tried, middle - 1];
    else from = middle + 1;
  }
  return found ?? prepareForm(exchange, shorterForms.length);
}

/** Null if it does not fit, or leaves too little room for an answer. */
async function tryForm(exchange: CompiledExchange, form: number): Promise<PreparedForm | null> {
  try {
    const tried = await prepareForm(exchange, form, { isTrial: true });
    return hasRoom(tried) ? tried : null;
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
  form: number,
  { isTrial }: { readonly isTrial: boolean } = { isTrial: false },
): Promise<PreparedForm> {
  const { deps, client, res, model, compiled } = exchange;
  const parsed = formOf(exchange.parsed, form);
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
    form,
    parsed,
    prepared: choices.map(({ prepared }) => prepared),
    prompts: choices.map(({ prompt }) => prompt),
  };
}
