// The worker's state of one request, independent of any slot: its tokens, its unsent output, and what the server asked for
// (abort, credit, suspend). A suspended request is a Run without a slot.

import type { LlamaGrammarEvaluationState } from "node-llama-cpp";
import {
  type Ending,
  type FinishReason,
  type FreshDelta,
  type PositionLogprobs,
  type PromptReading,
  type Usage,
  weightOf,
} from "../../generation/events.ts";
import type { PreparedRequest } from "../../generation/request.ts";
import { AnswerReader, type ReadParts } from "../output/answer-reader.ts";
import type { AnswerReaderDeps } from "../output/answer-reader-deps.ts";
import type { OutputPart } from "../output/output-parser.ts";

export type WorkerRunOptions = AnswerReaderDeps & {
  readonly id: string;
  readonly request: PreparedRequest;
  /** It may use only the caches of requests with the same scope. */
  readonly cacheScope: string;
  /** Total weight of the deltas that it may send before more credit arrives; see `weightOf()`. */
  readonly creditBytes: number;
};

/** The last deltas of an answer, and how it ends. */
export type FinishedAnswer = { readonly deltas: readonly FreshDelta[]; readonly end: Ending };

/** The deltas to send for one token, and how the answer ends with it; null when it continues. */
export type AcceptedToken = Pick<FinishedAnswer, "deltas"> & { readonly end: Ending | null };

export class Run {
  readonly id: string;
  readonly request: PreparedRequest;
  readonly cacheScope: string;
  /** Prompt and answer so far: the cache must hold them for generation to continue. */
  readonly tokens: number[];
  readonly #reader: AnswerReader;
  readonly #grammars: WorkerRunOptions["grammars"];
  readonly #reasoningEnding: readonly number[];
  #credit: number;
  #wake: (() => void) | null = null;
  #unsentIds: number[] = [];
  #isPromptReported = false;
  #unsentLogprobs: PositionLogprobs[] = [];
  #reasoningTokens = 0;
  #isBudgetUsed = false;
  hasSlot = false;
  isAborted = false;
  isSuspendWanted = false;
  /** Prompt tokens that were in the cache when the run first got a slot. */
  cachedTokens = 0;
  prefillMs = 0;
  /** Tokens computed (read or generated) in steps that ended after the abort. */
  tokensAfterAbort = 0;

  constructor(options: WorkerRunOptions) {
    const { id, request, creditBytes, reasoningEnding } = options;
    const promptTokens = Array.from(request.promptTokens);
    this.id = id;
    this.request = request;
    this.cacheScope = options.cacheScope;
    this.tokens = promptTokens.slice();
    this.#reader = new AnswerReader({
      ...options,
      output: request.output,
      stop: request.stop,
      promptTokens,
    });
    this.#grammars = options.grammars;
    this.#reasoningEnding = reasoningEnding;
    this.#credit = creditBytes;
  }

  get generatedTokens(): number {
    return this.tokens.length - this.request.promptTokens.length;
  }

  /** Whether the model may end the answer at the next token. */
  get mayEnd(): boolean {
    return !this.request.ignoreEos && this.generatedTokens >= this.request.minTokens;
  }

  /** The grammar state that restricts the next token; undefined when any token is allowed. */
  get grammarState(): LlamaGrammarEvaluationState | undefined {
    return this.#reader.grammarState;
  }

  /** Whether the client has not yet read a full buffer. The run must not decode until credit arrives. */
  get isOutOfCredit(): boolean {
    return this.#credit <= 0;
  }

  get usage(): Usage {
    return {
      promptTokens: this.request.promptTokens.length,
      cachedTokens: this.cachedTokens,
      completionTokens: this.generatedTokens,
      reasoningTokens: this.#reasoningTokens,
    };
  }

  /** Adds logprobs to send with the text of their token. */
  addLogprobs(logprobs: PositionLogprobs): void {
    this.#unsentLogprobs.push(logprobs);
  }

  /** The prompt's text as the start of the answer, with its logprobs. */
  promptDelta(text: string): FreshDelta {
    return this.#delta({ type: "text", text });
  }

  /** Takes in one generated token. */
  accept(token: number): AcceptedToken {
    this.tokens.push(token);
    this.#unsentIds.push(token);
    if (this.#reader.isReasoning) this.#reasoningTokens += 1;
    const read = this.#reader.push(token);
    if (read.stopString !== null)
      return { deltas: this.#lastDeltas(read), end: this.#ending("stop", read) };
    const deltas = this.#deltas(read.parts);
    if (this.generatedTokens >= this.request.maxTokens) {
      const { deltas: rest, end } = this.finish("length");
      return { deltas: [...deltas, ...rest], end };
    }
    return { deltas, end: null };
  }

  /**
   * Restores the state after tokens that a lost worker generated, whose deltas have already been sent.
   * @returns the remaining forced tokens, if that worker was lost while it was forcing tokens
   */
  replay(tokens: readonly number[]): readonly number[] {
    const credit = this.#credit;
    let forced: readonly number[] = [];
    for (const token of tokens) {
      const state = this.grammarState;
      if (state) this.#grammars.feed(state, [token]);
      this.accept(token);
      forced = forced.length > 0 ? forced.slice(1) : this.takeForced();
    }
    this.#unsentIds = [];
    this.#isPromptReported = tokens.length > 0;
    this.#credit = credit;
    return forced.slice(0, this.request.maxTokens - this.generatedTokens - 1);
  }

  /** Ends the answer without another token. Text that was held back is sent, unless it completes a stop string. */
  finish(reason: FinishReason): FinishedAnswer {
    const read = this.#reader.end();
    return { deltas: this.#lastDeltas(read), end: this.#ending(reason, read) };
  }

  /** Tokens that replace the model's next tokens: once, they end reasoning that has used up its budget. */
  takeForced(): readonly number[] {
    const { reasoningBudgetTokens } = this.request.output;
    if (this.#isBudgetUsed || reasoningBudgetTokens === null || !this.#reader.isReasoning)
      return [];
    if (this.#reasoningTokens < reasoningBudgetTokens) return [];
    this.#isBudgetUsed = true;
    return this.#reasoningEnding;
  }

  abort(): void {
    this.isAborted = true;
    this.#wake?.();
  }

  /** Only a parked run gives up its slot. If it is not parked, its reader has just caught up. */
  suspend(): void {
    if (!this.#wake) return;
    this.isSuspendWanted = true;
    this.#wake();
  }

  addCredit(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit > 0) this.#wake?.();
  }

  /** Waits, while the run is parked, for credit, an abort or a suspension. */
  async woken(): Promise<void> {
    while (this.isOutOfCredit && !this.isAborted && !this.isSuspendWanted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }

  #ending(reason: FinishReason, { stopString }: ReadParts): Ending {
    const given = stopString === null ? reason : "stop";
    const isCalling = given === "stop" && this.#reader.hasCalls;
    return { reason: isCalling ? "tool-calls" : given, stopString };
  }

  #deltas(parts: readonly OutputPart[]): readonly FreshDelta[] {
    return parts
      .filter((part) => part.type === "call" || part.text !== "")
      .map((part) => this.#delta(part));
  }

  /** Sends logprobs without text (of control tokens) with an empty delta. Drops those of a stop string. */
  #lastDeltas({ parts, stopString }: ReadParts): readonly FreshDelta[] {
    if (stopString !== null) this.#unsentLogprobs = logprobsOf(textOf(parts), this.#unsentLogprobs);
    const deltas = this.#deltas(parts);
    if (this.#unsentLogprobs.length === 0) return deltas;
    return [...deltas, this.#delta({ type: "text", text: "" })];
  }

  /** A delta with all tokens and logprobs that have not been sent yet. */
  #delta(part: OutputPart): FreshDelta {
    const logprobs = this.#unsentLogprobs;
    const ids = this.#unsentIds;
    const fresh = { tokens: ids.length, ids, ...(logprobs.length > 0 ? { logprobs } : {}) };
    this.#unsentIds = [];
    this.#unsentLogprobs = [];
    const delta = { ...freshDelta(part), ...fresh, ...this.#promptReading() };
    this.#credit -= weightOf(delta);
    return delta;
  }

  /** Reported once, with the first token. */
  #promptReading(): { readonly prompt?: PromptReading } {
    if (this.#isPromptReported || this.generatedTokens === 0) return {};
    this.#isPromptReported = true;
    return { prompt: { cachedTokens: this.cachedTokens, prefillMs: this.prefillMs } };
  }
}

function freshDelta(part: OutputPart) {
  switch (part.type) {
    case "text":
      return { type: "text-delta", text: part.text } as const;
    case "reasoning":
      return { type: "reasoning-delta", text: part.text } as const;
    case "call":
      return { type: "tool-call-delta", index: part.index, name: part.name, text: "" } as const;
    case "arguments":
      return { type: "tool-call-delta", index: part.index, name: null, text: part.text } as const;
  }
}

function textOf(parts: readonly OutputPart[]): string {
  return parts.map((part) => (part.type === "call" ? "" : part.text)).join("");
}

/** The logprobs of the tokens that form this text. */
function logprobsOf(text: string, logprobs: readonly PositionLogprobs[]): PositionLogprobs[] {
  let at = 0;
  return logprobs.filter((logprob) => {
    const isInText = at < text.length;
    at += logprob.text.length;
    return isInText;
  });
}
