// Answers as Ollama has them: lines of JSON, of which the last one has the numbers; or one body. Calls of tools come whole.
// https://docs.ollama.com/api/streaming

import type { Choice } from "../../generation/choice.ts";
import type { Delta, Ending, PositionLogprobs, Receipt } from "../../generation/events.ts";
import type { AnswerEncoder, AnswerIdentity, Frame } from "../dialect.ts";
import type { OllamaCall, OllamaMetrics, OllamaScores, OllamaWaiting } from "./answer.ts";

/** What a line has of an answer. */
export type Said = {
  readonly text?: string;
  readonly thinking?: string;
  readonly calls?: OllamaCall[];
};

/** In what the two forms of answers differ. */
export type EncodedShape = { readonly fields: (said: Said) => object };

export type OllamaEncoderOptions = { readonly includesLogprobs: boolean };

/** Stands for the text in the envelope of a delta; encoded in a way that no other string is. */
const TEXT = "\0";
/** What stands for a logprob that is minus infinity: JSON has no such number, and OpenAI writes this one. */
const LEAST = -9999;
const NS_PER_MS = 1_000_000;
const DONE_REASONS = { stop: "stop", length: "length", "tool-calls": "stop" } as const;
const NO_ENDING: Ending = { reason: "stop", stopString: null };

/** There is one choice: several cannot be asked for. */
export class OllamaEncoder implements AnswerEncoder {
  readonly #shape: EncodedShape;
  readonly #identity: AnswerIdentity;
  readonly #includesLogprobs: boolean;
  /** The envelope of a text is the same for every token: only the text is encoded anew. */
  readonly #beforeText: string;
  readonly #afterText: string;
  /** The call that is not whole yet. */
  #call: { readonly index: number; readonly name: string; text: string } | null = null;
  /** Of tokens that no line has told yet. */
  #logprobs: PositionLogprobs[] = [];

  constructor(shape: EncodedShape, identity: AnswerIdentity, options: OllamaEncoderOptions) {
    this.#shape = shape;
    this.#identity = identity;
    this.#includesLogprobs = options.includesLogprobs;
    const envelope = JSON.stringify(this.#line({ text: TEXT }));
    const [before = "", after = ""] = envelope.split(JSON.stringify(TEXT));
    this.#beforeText = before;
    this.#afterText = after;
  }

  delta(_choice: number, delta: Delta): readonly Frame[] {
    if (this.#includesLogprobs) this.#logprobs.push(...(delta.logprobs ?? []));
    switch (delta.type) {
      case "text-delta":
        return [...this.#endCall(), this.#textFrame(delta.text)];
      case "reasoning-delta":
        return [...this.#endCall(), frame(this.#line({ thinking: delta.text }))];
      case "tool-call-delta":
        return this.#collectCall(delta);
    }
  }

  /** Nobody asks for it. */
  progress(): readonly Frame[] {
    return [];
  }

  finish(_choice: number, ending: Ending, receipt: Receipt | null): readonly Frame[] {
    const call = this.#endCall();
    return receipt ? [...call, frame(this.#whole({}, ending, receipt))] : call;
  }

  body([choice]: readonly Choice[], receipt: Receipt): object {
    if (this.#includesLogprobs) this.#logprobs.push(...(choice?.logprobs ?? []));
    const calls = (choice?.toolCalls ?? []).flatMap((call, index) =>
      this.#encodeCall({ index, name: call.name, text: call.arguments }),
    );
    const said = {
      text: choice?.text ?? "",
      ...(choice?.reasoning ? { thinking: choice.reasoning } : {}),
      ...(calls.length > 0 ? { calls } : {}),
    };
    return this.#whole(said, choice?.ending ?? NO_ENDING, receipt);
  }

  #textFrame(text: string): Frame {
    if (this.#logprobs.length > 0) return frame(this.#line({ text }));
    return { data: this.#beforeText + JSON.stringify(text) + this.#afterText };
  }

  #collectCall({ index, name, text }: Extract<Delta, { type: "tool-call-delta" }>) {
    if (name === null) {
      if (this.#call) this.#call.text += text;
      return [];
    }
    const before = this.#endCall();
    this.#call = { index, name, text };
    return before;
  }

  #endCall(): readonly Frame[] {
    if (!this.#call) return [];
    const calls = this.#encodeCall(this.#call);
    this.#call = null;
    return calls.length > 0 ? [frame(this.#line({ calls }))] : [];
  }

  /** None of one that was cut off: clients would run it as it is. `done_reason` is `length` then. */
  #encodeCall(call: { readonly index: number; readonly name: string; readonly text: string }) {
    const { index, name, text } = call;
    const given = objectIn(text);
    if (!given) return [];
    const number = `${index}`.padStart(6, "0");
    const id = `call_${this.#identity.id.slice(0, 18)}${number}`;
    return [{ id, function: { index, name, arguments: given } }];
  }

  #line(said: Said): object {
    return { ...headOf(this.#identity), ...this.#shape.fields(said), done: false, ...this.#told() };
  }

  #whole(said: Said, { reason }: Ending, receipt: Receipt): object {
    return {
      ...headOf(this.#identity),
      ...this.#shape.fields(said),
      done: true,
      done_reason: DONE_REASONS[reason],
      ...encodeMetrics(receipt),
      ...this.#told(),
    };
  }

  #told(): { logprobs?: OllamaScores } {
    if (this.#logprobs.length === 0) return {};
    const logprobs = this.#logprobs.map(encodeScore);
    this.#logprobs = [];
    return { logprobs };
  }
}

export function headOf({ model, createdAtSeconds }: AnswerIdentity) {
  return { model, created_at: new Date(createdAtSeconds * 1000).toISOString() };
}

/** An empty delta, which clients pass over, with our own words on what is waited for. */
export function noticeOf(shape: EncodedShape) {
  return (news: string | null, identity: AnswerIdentity): Frame =>
    frame({ ...headOf(identity), ...shape.fields({}), done: false, ...encodeNews(news ?? "") });
}

function encodeNews(news: string): OllamaWaiting {
  const queued = /^queued position=(\d+)(?: eta_ms=(\S+))?$/.exec(news);
  if (queued) {
    const [, position, eta] = queued;
    return {
      queue: { position: Number(position), eta_ms: eta === undefined ? null : Number(eta) },
    };
  }
  const [, state, progress] = /^(\w+) progress=(\S+)$/.exec(news) ?? [];
  return state === undefined ? {} : { loading: { state, progress: Number(progress) } };
}

/** What is neither waiting nor reading the prompt is generating. */
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

function encodeScore({ alternatives, ...own }: PositionLogprobs): OllamaScores[number] {
  const shown = ({ text, bytes, logprob }: Omit<PositionLogprobs, "alternatives">) => ({
    token: text,
    logprob: Number.isFinite(logprob ?? 0) ? (logprob ?? 0) : LEAST,
    bytes,
  });
  return {
    ...shown(own),
    ...(alternatives.length > 0 ? { top_logprobs: alternatives.map(shown) } : {}),
  };
}

/** Null for what is no object. */
function objectIn(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text || "{}");
    return typeof value === "object" && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

function frame(line: object): Frame {
  return { data: JSON.stringify(line) };
}
