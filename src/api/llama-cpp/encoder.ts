// Encoder of the two routes of llama.cpp's server that generate: /completion and /infill.

import type { Choice } from "../../generation/choice.ts";
import type { Delta, Ending, Receipt } from "../../generation/events.ts";
import type { AskedRequest } from "../../generation/request.ts";
import type { PrefillStatus } from "../../generation/wait-status.ts";
import type { AnswerEncoder, AnswerIdentity, Frame } from "../dialect.ts";
import { jsonFrame, rounded } from "../shared/frames.ts";
import { valueAt } from "../shared/parse-body.ts";
import type { NativeAnswer, NativeFrame, NativeTimings, Settings } from "./answers.ts";

/** A request's settings under llama.cpp's names. */
export function encodeSettings(request: AskedRequest): Settings {
  const { sampling } = request;
  return {
    seed: sampling.seed,
    temperature: sampling.temperature,
    top_k: sampling.topK,
    top_p: sampling.topP,
    min_p: sampling.minP,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    repeat_penalty: sampling.repeatPenalty,
    logit_bias: sampling.logitBias.map(([token, bias]) => ({ token, bias })),
    stop: request.stop,
    n_predict: request.maxTokens ?? -1,
    min_tokens: request.minTokens,
    ignore_eos: request.ignoreEos,
    cache_prompt: request.reusePrefix,
  };
}

/** `stop_type` of an answer that no stop string ended. */
const STOP_TYPES = { stop: "eos", "tool-calls": "eos", length: "limit" } as const;

export class NativeEncoder implements AnswerEncoder {
  readonly #model: string;
  readonly #request: AskedRequest;
  /** Paths of the fields to return, e.g. `timings/prompt_n`; empty returns all. */
  readonly #paths: readonly string[];

  constructor({ model }: AnswerIdentity, request: AskedRequest, paths: readonly string[]) {
    this.#model = model;
    this.#request = request;
    this.#paths = paths;
  }

  delta(_index: number, { text }: Delta): readonly Frame[] {
    return [jsonFrame({ index: 0, content: text, tokens: [], stop: false } satisfies NativeFrame)];
  }

  progress(_index: number, { total, cached, processed, ms }: PrefillStatus): readonly Frame[] {
    const prompt_progress = { total, cache: cached, processed, time_ms: rounded(ms) };
    return [jsonFrame({ index: 0, content: "", tokens: [], stop: false, prompt_progress })];
  }

  /** There is one choice, so `finish` always gets the receipt. Like llama.cpp's server, sends no `[DONE]`. */
  finish(_index: number, ending: Ending, receipt: Receipt | null): readonly Frame[] {
    return receipt ? [jsonFrame(this.#whole("", ending, receipt))] : [];
  }

  body([choice]: readonly [Choice], receipt: Receipt): object {
    return this.#whole(choice.text, choice.ending, receipt);
  }

  #whole(content: string, { reason, stopString }: Ending, receipt: Receipt): object {
    const { usage } = receipt;
    const whole: NativeAnswer = {
      index: 0,
      content,
      tokens: [],
      stop: true,
      stop_type: stopString === null ? STOP_TYPES[reason] : "word",
      stopping_word: stopString ?? "",
      model: this.#model,
      tokens_predicted: usage.completionTokens,
      tokens_evaluated: usage.promptTokens,
      tokens_cached: usage.cachedTokens,
      truncated: false,
      generation_settings: encodeSettings(this.#request),
      timings: encodeTimings(receipt),
    };
    return this.#paths.length === 0 ? whole : picked(whole, this.#paths);
  }
}

/** Keyed by whole paths, as in llama.cpp's server. Fields that do not exist are left out. */
function picked(whole: object, paths: readonly string[]): object {
  const found = paths.map((path) => [path, valueAt(whole, path.split("/"))] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

/** Times in ms. `predicted_ms` is all time except waiting and prefill. */
function encodeTimings({ usage, queueMs, prefillMs, totalMs }: Receipt): NativeTimings {
  const read = usage.promptTokens - usage.cachedTokens;
  const predictMs = Math.max(0, totalMs - queueMs - prefillMs);
  return {
    queue_ms: rounded(queueMs),
    cache_n: usage.cachedTokens,
    prompt_n: read,
    prompt_ms: rounded(prefillMs),
    prompt_per_token_ms: ratio(prefillMs, read),
    prompt_per_second: ratio(read * 1000, prefillMs),
    predicted_n: usage.completionTokens,
    predicted_ms: rounded(predictMs),
    predicted_per_token_ms: ratio(predictMs, usage.completionTokens),
    predicted_per_second: ratio(usage.completionTokens * 1000, predictMs),
  };
}

/** Null if the divisor is 0. */
function ratio(amount: number, by: number): number | null {
  return by > 0 ? rounded(amount / by) : null;
}
