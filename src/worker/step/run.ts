// The worker's state of one request, independent of its slot: its tokens, its unsent output, and what the server asked for
// (abort, credit, suspend).

import type { LlamaGrammarEvaluationState } from "node-llama-cpp";
import {
  type Finish,
  type FinishReason,
  type FreshDelta,
  type OutputPart,
  type PositionLogprobs,
  type PromptReading,
  weightOf,
} from "../../generation/events.ts";
import type { PreparedRequest } from "../../generation/request.ts";
import { Tally } from "../../generation/tally.ts";
import { AnswerReader, type AnswerReaderDeps, type ReadParts } from "../output/answer-reader.ts";

export type WorkerRunOptions = AnswerReaderDeps & {
  readonly id: string;
  readonly request: PreparedRequest;
  /** It may use only the caches of requests with the same scope. */
  readonly cacheScope: string;
  /** Total weight of the deltas that it may send before more credit arrives; see `weightOf()`. */
  readonly creditBytes: number;
  /** Tokens that end the reasoning when its budget is used up. */
  readonly reasoningEnding: readonly number[];
};

/** The deltas to send for one token. If the answer ends with it, the last event is a `finish`. */
type RunEvents = readonly (FreshDelta | Finish)[];

export class Run {
  readonly id: string;
  readonly request: PreparedRequest;
  readonly cacheScope: string;
  /** Prompt and answer so far: the cache must hold them for generation to continue. */
  readonly tokens: number[];
  readonly tally: Tally;
  readonly #options: WorkerRunOptions;
  readonly #reader: AnswerReader;
  #credit: number;
  #wake: (() => void) | null = null;
  #unsentIds: number[] = [];
  #isPromptReported = false;
  #unsentLogprobs: PositionLogprobs[] = [];
  #isBudgetUsed = false;
  isAborted = false;
  isSuspendWanted = false;
  hasFinished = false;
  /** Tokens computed (read or generated) in steps that ended after the abort. */
  tokensAfterAbort = 0;

  constructor(options: WorkerRunOptions) {
    const { id, request, cacheScope, creditBytes } = options;
    const { output, stop } = request;
    this.id = id;
    this.request = request;
    this.cacheScope = cacheScope;
    this.tokens = Array.from(request.promptTokens);
    this.tally = new Tally(this.tokens.length);
    this.#options = options;
    this.#reader = new AnswerReader({ ...options, output, stop, promptTokens: this.tokens });
    this.#credit = creditBytes;
  }

  /** Whether the model may end the answer at the next token. */
  get mayEnd(): boolean {
    return !this.request.ignoreEos && this.tally.completionTokens >= this.request.minTokens;
  }

  /** The grammar state that restricts the next token; undefined when any token is allowed. */
  get grammarState(): LlamaGrammarEvaluationState | undefined {
    return this.#reader.grammarState;
  }

  /** Whether logprobs of the prompt are asked for and were not sent by an earlier run. */
  get needsPromptLogprobs(): boolean {
    return this.tally.completionTokens === 0 && this.request.logprobs?.includesPrompt === true;
  }

  /** Whether the client has not yet read a full buffer. The run must not decode until credit arrives. */
  get isOutOfCredit(): boolean {
    return this.#credit <= 0;
  }

  /** Adds logprobs to send with the text of their token. */
  addLogprobs(logprobs: PositionLogprobs): void {
    this.#unsentLogprobs.push(logprobs);
  }

  /** The prompt's text as the start of the answer, with its logprobs. */
  promptDelta(text: string): FreshDelta {
    return this.#delta({ type: "text-delta", text });
  }

  /** Takes in one generated token. */
  accept(token: number): RunEvents {
    this.tokens.push(token);
    this.#unsentIds.push(token);
    this.tally.completionTokens += 1;
    if (this.#reader.isReasoning) this.tally.reasoningTokens += 1;
    const read = this.#reader.push(token);
    if (read.stopString !== null) return this.#end("stop", read);
    const deltas = this.#deltas(read.parts);
    const isLast = this.tally.completionTokens >= this.request.maxTokens;
    return isLast ? [...deltas, ...this.finish("length")] : deltas;
  }

  /**
   * Restores the state after tokens of an earlier run, whose deltas have already been sent.
   * @returns the remaining forced tokens, if that run was lost while it was forcing tokens
   */
  replay(tokens: readonly number[]): readonly number[] {
    const credit = this.#credit;
    let forced: readonly number[] = [];
    for (const token of tokens) {
      const state = this.grammarState;
      if (state) this.#options.grammars.feed(state, [token]);
      this.accept(token);
      forced = forced.length > 0 ? forced.slice(1) : this.takeForced();
    }
    this.#unsentIds = [];
    this.#isPromptReported = tokens.length > 0;
    this.#credit = credit;
    return forced.slice(0, this.request.maxTokens - this.tally.completionTokens - 1);
  }

  /** Ends the answer without another token. Text that was held back is sent, unless it completes a stop string. */
  finish(reason: FinishReason): RunEvents {
    return this.#end(reason, this.#reader.end());
  }

  /** Tokens that replace the model's next tokens: once, they end reasoning that has used up its budget. */
  takeForced(): readonly number[] {
    const { reasoningBudgetTokens } = this.request.output;
    if (this.#isBudgetUsed || reasoningBudgetTokens === null || !this.#reader.isReasoning)
      return [];
    if (this.tally.reasoningTokens < reasoningBudgetTokens) return [];
    this.#isBudgetUsed = true;
    return this.#options.reasoningEnding;
  }

  abort(): void {
    this.isAborted = true;
    this.#wake?.();
  }

  /**
   * Only a parked run gives up its slot: otherwise its reader has just caught up. The server must have got a token of it, or the
   * next run would echo the prompt again.
   */
  suspend(): void {
    if (!this.#wake || !this.#isPromptReported) return;
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

  #end(reason: FinishReason, read: ReadParts): RunEvents {
    this.hasFinished = true;
    const { stopString } = read;
    const given = stopString === null ? reason : "stop";
    const isCalling = given === "stop" && this.#reader.hasCalls;
    const finish = this.tally.finish(isCalling ? "tool-calls" : given, stopString);
    return [...this.#lastDeltas(read), finish];
  }

  #deltas(parts: readonly OutputPart[]): readonly FreshDelta[] {
    return parts
      .filter((part) => part.type === "tool-call-delta" || part.text !== "")
      .map((part) => this.#delta(part));
  }

  /** Sends logprobs without text (of control tokens) with an empty delta. Drops those of a stop string. */
  #lastDeltas({ parts, stopString }: ReadParts): readonly FreshDelta[] {
    if (stopString !== null) this.#unsentLogprobs = logprobsOf(textOf(parts), this.#unsentLogprobs);
    const deltas = this.#deltas(parts);
    if (this.#unsentLogprobs.length === 0) return deltas;
    return [...deltas, this.#delta({ type: "text-delta", text: "" })];
  }

  /** A delta with all tokens and logprobs that have not been sent yet. */
  #delta(part: OutputPart): FreshDelta {
    const logprobs = this.#unsentLogprobs;
    const ids = this.#unsentIds;
    const fresh = { tokens: ids.length, ids, ...(logprobs.length > 0 ? { logprobs } : {}) };
    this.#unsentIds = [];
    this.#unsentLogprobs = [];
    const delta = { ...part, ...fresh, ...this.#promptReading() };
    this.#credit -= weightOf(delta);
    return delta;
  }

  /** Reported once, with the first token. */
  #promptReading(): { readonly prompt?: PromptReading } {
    const { completionTokens, cachedTokens, prefixTier, prefillMs } = this.tally;
    if (this.#isPromptReported || completionTokens === 0) return {};
    this.#isPromptReported = true;
    return { prompt: { cachedTokens, prefixTier, prefillMs } };
  }
}

function textOf(parts: readonly OutputPart[]): string {
  return parts.map(({ text }) => text).join("");
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
