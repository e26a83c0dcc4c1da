// Encoder of POST /api/chat and POST /api/generate: lines of JSON, the last of which has the metrics, or one body. Tool
// calls are sent whole. https://docs.ollama.com/api/streaming

import type { Choice } from "../../generation/choice.ts";
import type { Delta, Ending, PositionLogprobs, Receipt } from "../../generation/events.ts";
import type { WaitingStatus } from "../../generation/wait-status.ts";
import type { AnswerEncoder, AnswerIdentity, Frame } from "../dialect.ts";
import { encodeToken } from "../openai/logprobs.ts";
import { jsonFrame, textFrames } from "../shared/frames.ts";
import { type WholeCall, WholeCalls } from "../shared/tool-calls.ts";
import type { OllamaCall, OllamaLogprobs, OllamaMetrics, OllamaWaiting } from "./answer.ts";

/** The part of an answer that one line holds. */
export type AnswerPart = {
  readonly text?: string;
  readonly reasoning?: string;
  readonly calls?: OllamaCall[];
};

/** Encodes the fields that differ between the two routes. */
export type EncodePart = (part: AnswerPart) => object;

const NS_PER_MS = 1_000_000;
const DONE_REASONS = { stop: "stop", length: "length", "tool-calls": "stop" } as const;

/** There is always one choice, because Ollama's API has no field for more. */
export class OllamaEncoder implements AnswerEncoder {
  readonly #encodePart: EncodePart;
  readonly #identity: AnswerIdentity;
  readonly #includesLogprobs: boolean;
  readonly #textFrame: (text: string) => Frame;
  readonly #calls: WholeCalls;
  /** Logprobs that have not been sent yet. */
  #logprobs: PositionLogprobs[] = [];

  constructor(encodePart: EncodePart, identity: AnswerIdentity, includesLogprobs: boolean) {
    this.#encodePart = encodePart;
    this.#identity = identity;
    this.#includesLogprobs = includesLogprobs;
    this.#calls = new WholeCalls(identity.id);
    this.#textFrame = textFrames((text) => this.#line({ text }));
  }

  delta(_choice: number, delta: Delta): readonly Frame[] {
    if (this.#includesLogprobs) this.#logprobs.push(...(delta.logprobs ?? []));
    const frames = this.#callFrames(this.#calls.add(delta));
    if (delta.type === "text-delta") frames.push(this.#encodeText(delta.text));
    if (delta.type === "reasoning-delta")
      frames.push(jsonFrame(this.#line({ reasoning: delta.text })));
    return frames;
  }

  finish(_choice: number, ending: Ending, receipt: Receipt | null): readonly Frame[] {
    const frames = this.#callFrames(this.#calls.end());
    if (receipt) frames.push(jsonFrame(this.#whole({}, ending, receipt)));
    return frames;
  }

  body([choice]: readonly [Choice], receipt: Receipt): object {
    if (this.#includesLogprobs) this.#logprobs.push(...choice.logprobs);
    const { text, reasoning, toolCalls, ending } = choice;
    const calls = this.#calls.all(toolCalls).map(encodeCall);
    const part = {
      text,
      ...(reasoning === "" ? {} : { reasoning }),
      ...(calls.length > 0 ? { calls } : {}),
    };
    return this.#whole(part, ending, receipt);
  }

  #encodeText(text: string): Frame {
    return this.#logprobs.length > 0 ? jsonFrame(this.#line({ text })) : this.#textFrame(text);
  }

  #callFrames(call: WholeCall | null): Frame[] {
    return call ? [jsonFrame(this.#line({ calls: [encodeCall(call)] }))] : [];
  }

  #line(part: AnswerPart): object {
    return {
      ...headOf(this.#identity),
      ...this.#encodePart(part),
      done: false,
      ...this.#takeLogprobs(),
    };
  }

  #whole(part: AnswerPart, { reason }: Ending, receipt: Receipt): object {
    return {
      ...headOf(this.#identity),
      ...this.#encodePart(part),
      done: true,
      done_reason: DONE_REASONS[reason],
      ...encodeMetrics(receipt),
      ...this.#takeLogprobs(),
    };
  }

  #takeLogprobs(): { logprobs?: OllamaLogprobs } {
    if (this.#logprobs.length === 0) return {};
    const logprobs = this.#logprobs.map(encodeLogprob);
    this.#logprobs = [];
    return { logprobs };
  }
}

function encodeCall({ id, index, name, args }: WholeCall): OllamaCall {
  return { id, function: { index, name, arguments: args } };
}

export function headOf({ model, createdAtSeconds }: AnswerIdentity) {
  return { model, created_at: new Date(createdAtSeconds * 1000).toISOString() };
}

/** A line with an empty delta, which clients ignore, and our own fields for the wait status. */
export function noticeOf(encodePart: EncodePart) {
  return (status: WaitingStatus | null, identity: AnswerIdentity): Frame => {
    const waiting = status ? encodeWaitStatus(status) : {};
    return jsonFrame({ ...headOf(identity), ...encodePart({}), done: false, ...waiting });
  };
}

function encodeWaitStatus(status: WaitingStatus): OllamaWaiting {
  if (status.type === "queued")
    return { queue: { position: status.position, eta_ms: status.etaMs } };
  return {
    loading: { state: status.state, progress: status.progress, eta_ms: status.etaMs },
  };
}

/** `eval_duration` is all time except waiting and prefill. */
function encodeMetrics({ usage, queueMs, prefillMs, totalMs }: Receipt): OllamaMetrics {
  return {
    total_duration: inNs(totalMs),
    load_duration: inNs(queueMs),
    prompt_eval_count: usage.promptTokens,
    prompt_eval_duration: inNs(prefillMs),
    eval_count: usage.completionTokens,
    eval_duration: inNs(Math.max(0, totalMs - queueMs - prefillMs)),
  };
}

export function inNs(ms: number): number {
  return Math.round(ms * NS_PER_MS);
}

function encodeLogprob({ alternatives, ...own }: PositionLogprobs): OllamaLogprobs[number] {
  return {
    ...encodeToken(own),
    ...(alternatives.length > 0 ? { top_logprobs: alternatives.map(encodeToken) } : {}),
  };
}
