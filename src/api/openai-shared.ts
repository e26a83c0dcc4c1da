// The answer side that the OpenAI dialects share: chunks, bodies, usage, the receipt, the error envelope.

import type { ServiceError } from "../errors.ts";
import type { Receipt } from "../generation/events.ts";
import type { AnswerEncoder, AnswerIdentity, Frame } from "./dialect.ts";

/** In what the answers of the dialects differ: the fields of their only choice, and two names. */
export type AnswerShape = {
  readonly idPrefix: string;
  readonly chunkObject: string;
  readonly bodyObject: string;
  /** Comes before the first text; null when nothing does. */
  readonly opening: object | null;
  readonly delta: (text: string) => object;
  readonly closing: object;
  readonly whole: (text: string) => object;
};

const DONE: Frame = { data: "[DONE]" };
/** Stands for the text in the envelope of a delta; encoded in a way that no other string is. */
const TEXT = "\0";

export class OpenaiEncoder implements AnswerEncoder {
  readonly #shape: AnswerShape;
  readonly #head: { id: string; object: string; created: number; model: string };
  readonly #includesUsage: boolean;
  readonly #beforeText: string;
  readonly #afterText: string;

  constructor(shape: AnswerShape, identity: AnswerIdentity, includesUsage: boolean) {
    this.#shape = shape;
    this.#head = {
      id: `${shape.idPrefix}-${identity.id}`,
      object: shape.chunkObject,
      created: identity.createdAtSeconds,
      model: identity.model,
    };
    this.#includesUsage = includesUsage;
    // The envelope of a delta is the same for every token: only its text is encoded anew.
    const envelope = JSON.stringify(this.#chunk(shape.delta(TEXT)));
    const [before = "", after = ""] = envelope.split(JSON.stringify(TEXT));
    this.#beforeText = before;
    this.#afterText = after;
  }

  start() {
    const { opening } = this.#shape;
    return opening ? [frame(this.#chunk(opening))] : [];
  }

  delta(text: string) {
    return { data: this.#beforeText + JSON.stringify(text) + this.#afterText };
  }

  finish(...[reason, receipt]: Parameters<AnswerEncoder["finish"]>) {
    const last = { ...this.#chunk(this.#shape.closing, reason), timings: encodeTimings(receipt) };
    if (!this.#includesUsage) return [frame(last), DONE];
    return [frame(last), frame({ ...this.#head, choices: [], usage: encodeUsage(receipt) }), DONE];
  }

  body(...[text, reason, receipt]: Parameters<AnswerEncoder["body"]>) {
    return {
      ...this.#head,
      object: this.#shape.bodyObject,
      choices: [choice(this.#shape.whole(text), reason)],
      usage: encodeUsage(receipt),
      timings: encodeTimings(receipt),
    };
  }

  #chunk(fields: object, finishReason: string | null = null) {
    const usage = this.#includesUsage ? { usage: null } : {};
    return { ...this.#head, choices: [choice(fields, finishReason)], ...usage };
  }
}

function choice(fields: object, finishReason: string | null) {
  return { index: 0, ...fields, logprobs: null, finish_reason: finishReason };
}

function frame(chunk: object): Frame {
  return { data: JSON.stringify(chunk) };
}

/** OpenAI's error envelope. */
export function encodeOpenaiError(error: ServiceError): object {
  const { code, message, param, traits } = error;
  return { error: { message, type: traits.type, param, code } };
}

function encodeUsage({ usage }: Receipt) {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens },
  };
}

/** Where time and tokens went; our own addition, beside OpenAI's fields. Times in ms. */
function encodeTimings(receipt: Receipt) {
  return {
    queue_ms: rounded(receipt.queueMs),
    prefill_ms: rounded(receipt.prefillMs),
    first_token_ms: receipt.firstTokenMs === null ? null : rounded(receipt.firstTokenMs),
    total_ms: rounded(receipt.totalMs),
    prompt_tokens: receipt.usage.promptTokens,
    cached_tokens: receipt.usage.cachedTokens,
    generated_tokens: receipt.usage.completionTokens,
    seed: receipt.seed,
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
