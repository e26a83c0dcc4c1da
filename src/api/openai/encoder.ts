// Encoder of chat completions and completions: chunks, bodies, usage, timings; and OpenAI's error object, which other
// dialects use too.

import type { ServiceError } from "../../errors.ts";
import type { CacheMiss } from "../../generation/cache-miss.ts";
import type { Choice } from "../../generation/choice.ts";
import type { Delta, Ending, Receipt, Usage } from "../../generation/events.ts";
import { Tally } from "../../generation/tally.ts";
import type { PrefillStatus } from "../../generation/wait-status.ts";
import type { AnswerEncoder, AnswerIdentity, Frame } from "../dialect.ts";
import { type FieldNames, inWireTerms, type OverflowWords } from "../shared/field-names.ts";
import { jsonFrame, rounded, textFrames } from "../shared/frames.ts";
import type { EncodedProgress, OpenaiError, Timings, UsageObject } from "./answer.ts";
import { charactersIn } from "./logprobs.ts";

/** Fields and names that differ between chat completions and completions. */
export type AnswerShape = {
  readonly idPrefix: string;
  readonly chunkObject: string;
  readonly bodyObject: string;
  /** Fields of a chunk's choice that is text without logprobs. */
  readonly text: (text: string) => object;
  readonly delta: (delta: Delta, context: ChoiceContext) => object;
  /** Fields of a chunk sent before a choice's first event; null for none. */
  readonly opening: ((hasText: boolean) => object) | null;
  readonly closing: object;
  readonly whole: (choice: Choice, context: ChoiceContext) => object;
};

/** Position within an answer. */
export type ChoiceContext = {
  /** Unique part of the answer's id. */
  readonly answerId: string;
  readonly choice: number;
  /** Code points of the tokens before this delta, counted only if there are logprobs. */
  readonly offset: number;
};

/** The fields of the request that decide what an answer includes, and its options for logprobs. */
export type EncodedFields = {
  readonly stream_options?:
    | { readonly include_usage: boolean; readonly continuous_usage_stats: boolean }
    | null
    | undefined;
  readonly service_tier?: string | null | undefined;
  readonly logprobs: object | null;
};

const DONE: Frame = { data: "[DONE]" };
const FINISH_REASONS = { stop: "stop", length: "length", "tool-calls": "tool_calls" } as const;

/** State of one choice while it streams. */
type Streaming = {
  readonly textFrame: (text: string) => Frame;
  isOpen: boolean;
  offset: number;
};

export class OpenaiEncoder implements AnswerEncoder {
  readonly #shape: AnswerShape;
  readonly #answerId: string;
  readonly #includesUsage: boolean;
  /** The usage so far, of all choices; null if chunks do not have it. */
  readonly #tally: Tally | null;
  readonly #includesLogprobs: boolean;
  readonly #head: { id: string; object: string; created: number; model: string };
  readonly #tier: { service_tier?: string };
  readonly #choices: Streaming[] = [];

  constructor(shape: AnswerShape, identity: AnswerIdentity, fields: EncodedFields) {
    this.#shape = shape;
    this.#answerId = identity.id;
    const { include_usage = false, continuous_usage_stats = false } = fields.stream_options ?? {};
    this.#includesUsage = include_usage;
    const hasInterimUsage = include_usage && continuous_usage_stats;
    this.#tally = hasInterimUsage ? new Tally(identity.promptTokens ?? 0) : null;
    this.#includesLogprobs = fields.logprobs !== null;
    this.#head = {
      id: `${shape.idPrefix}-${identity.id}`,
      object: shape.chunkObject,
      created: identity.createdAtSeconds,
      model: identity.model,
    };
    this.#tier = fields.service_tier ? { service_tier: tierOf(fields.service_tier) } : {};
  }

  delta(choice: number, delta: Delta): readonly Frame[] {
    const streaming = this.#streaming(choice);
    this.#tally?.add(delta);
    const opening = this.#open(choice, delta.type === "text-delta");
    const isPlain = delta.type === "text-delta" && !this.#includesLogprobs && !this.#tally;
    if (isPlain) return [...opening, streaming.textFrame(delta.text)];
    const { offset } = streaming;
    const fields = this.#shape.delta(delta, { answerId: this.#answerId, choice, offset });
    streaming.offset += charactersIn(delta.logprobs ?? []);
    return [...opening, jsonFrame(this.#chunk(choice, fields))];
  }

  /** In the form of llama.cpp's server. */
  progress(choice: number, { total, cached, processed, ms }: PrefillStatus): readonly Frame[] {
    const progress: EncodedProgress = { total, cache: cached, processed, time_ms: rounded(ms) };
    return [jsonFrame({ ...this.#chunk(choice, this.#shape.closing), prompt_progress: progress })];
  }

  finish(choice: number, { reason }: Ending, receipt: Receipt | null): readonly Frame[] {
    const frames = [...this.#open(choice, true)];
    const last = this.#chunk(choice, this.#shape.closing, FINISH_REASONS[reason]);
    if (!receipt) return [...frames, jsonFrame(last)];
    frames.push(jsonFrame({ ...last, timings: encodeTimings(receipt) }));
    if (this.#includesUsage)
      frames.push(
        jsonFrame({ ...this.#head, choices: [], ...this.#tier, usage: encodeUsage(receipt.usage) }),
      );
    return [...frames, DONE];
  }

  body(choices: readonly Choice[], receipt: Receipt): object {
    return {
      ...this.#head,
      object: this.#shape.bodyObject,
      choices: choices.map((each, index) => {
        const context = { answerId: this.#answerId, choice: index, offset: 0 };
        const logprobs = this.#includesLogprobs ? each.logprobs : [];
        const fields = this.#shape.whole({ ...each, logprobs }, context);
        return encodeChoice(index, fields, FINISH_REASONS[each.ending.reason]);
      }),
      ...this.#tier,
      usage: encodeUsage(receipt.usage),
      timings: encodeTimings(receipt),
    };
  }

  #open(choice: number, hasText: boolean): readonly Frame[] {
    const streaming = this.#streaming(choice);
    if (streaming.isOpen) return [];
    streaming.isOpen = true;
    const { opening } = this.#shape;
    return opening ? [jsonFrame(this.#chunk(choice, opening(hasText)))] : [];
  }

  #streaming(choice: number): Streaming {
    const known = this.#choices[choice];
    if (known) return known;
    const textFrame = textFrames((text) => this.#chunk(choice, this.#shape.text(text)));
    const streaming = { textFrame, isOpen: false, offset: 0 };
    this.#choices[choice] = streaming;
    return streaming;
  }

  #chunk(choice: number, fields: object, finishReason: string | null = null) {
    const soFar = this.#tally && encodeUsage(this.#tally.usage);
    const usage = this.#includesUsage ? { usage: soFar } : {};
    const choices = [encodeChoice(choice, fields, finishReason)];
    return { ...this.#head, choices, ...this.#tier, ...usage };
  }
}

function encodeChoice(index: number, fields: object, finishReason: string | null) {
  return { index, logprobs: null, ...fields, finish_reason: finishReason };
}

/** The tier that a request had: only flex differs from the others. */
export function tierOf(asked: string | null | undefined): string {
  return asked === "flex" ? "flex" : "default";
}

/** Makes the encoder of OpenAI's error object for an API with these field names. */
export function openaiErrors(names: FieldNames): (error: ServiceError) => OpenaiError {
  return (error) => {
    const { code, message, param, traits } = inWireTerms(error, names, overflowWords);
    return { error: { message, type: traits.type, param, code } };
  };
}

/** LangChain looks for the code in the text, because OpenAI's SDK for Python shows the message alone. */
const overflowWords: OverflowWords = ({ promptTokens, contextTokens }, field) =>
  `This model's maximum context length is ${contextTokens} tokens. However, your ${field} resulted in ${promptTokens} tokens. ` +
  `Please reduce the length of the ${field} (context_length_exceeded)`;

/** For chat completions, completions, and all routes without field names of their own. */
export const encodeOpenaiError = openaiErrors({
  choices: "n",
  logitBias: "logit_bias",
});

function encodeUsage(usage: Usage): UsageObject {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  };
}

/** Where time and tokens went. Not part of OpenAI's API. Times in ms. */
export function encodeTimings(receipt: Receipt): Timings {
  return {
    queue_ms: rounded(receipt.queueMs),
    prefill_ms: rounded(receipt.prefillMs),
    first_token_ms: receipt.firstTokenMs === null ? null : rounded(receipt.firstTokenMs),
    total_ms: rounded(receipt.totalMs),
    prompt_tokens: receipt.usage.promptTokens,
    cached_tokens: receipt.usage.cachedTokens,
    generated_tokens: receipt.usage.completionTokens,
    seed: receipt.seed,
    ...(receipt.isCut ? { deadline_reached: true as const } : {}),
    ...(receipt.cacheMiss ? { cache_miss: encodeMiss(receipt.cacheMiss) } : {}),
  };
}

function encodeMiss({ reason, missedTokens, sharedTokens, change }: CacheMiss) {
  return {
    reason,
    missed_tokens: missedTokens,
    token: sharedTokens,
    ...(change ? { part: change.part } : {}),
    ...(change && change.message !== null ? { message: change.message } : {}),
  };
}
