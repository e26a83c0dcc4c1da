// What the worker knows of one request, apart from any slot: the tokens so far, how far they have been read, and what the
// server has asked of it (abort, credit, suspend). A suspended request is a Run without a slot.

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
import { AnswerReader, type AnswerReaderOptions, type ReadParts } from "../output/answer-reader.ts";
import type { OutputPart } from "../output/output-parser.ts";

export type WorkerRunOptions = Pick<
  AnswerReaderOptions,
  "detokenize" | "controlTokens" | "grammars"
> & {
  readonly id: string;
  readonly request: PreparedRequest;
  /** Whose caches it may use. */
  readonly cacheScope: string;
  /** Weight of the deltas that it may send before credit comes back. */
  readonly creditBytes: number;
  /** What ends thoughts whose budget is used up, as tokens. */
  readonly reasoningEnding: readonly number[];
};

/** What is to be sent, and why the answer ends with it (null: it goes on). */
export type AcceptedToken = {
  readonly deltas: readonly FreshDelta[];
  readonly end: Ending | null;
};

export class Run {
  readonly id: string;
  readonly request: PreparedRequest;
  readonly cacheScope: string;
  /** Prompt and answer: what must be in the cache to go on. */
  readonly tokens: number[];
  readonly #reader: AnswerReader;
  readonly #feed: WorkerRunOptions["grammars"]["feed"];
  readonly #reasoningEnding: readonly number[];
  #credit: number;
  #wake: (() => void) | null = null;
  #unsentIds: number[] = [];
  #isPromptTold = false;
  #unsentLogprobs: PositionLogprobs[] = [];
  #reasoningTokens = 0;
  #isBudgetUsed = false;
  hasSlot = false;
  isAborted = false;
  isSuspendWanted = false;
  /** Prompt tokens found in the cache when it first got a slot. */
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
    this.#feed = options.grammars.feed;
    this.#reasoningEnding = reasoningEnding;
    this.#credit = creditBytes;
  }

  get generatedTokens(): number {
    return this.tokens.length - this.request.promptTokens.length;
  }

  /** Whether the model may end the answer now. */
  get mayEnd(): boolean {
    return !this.request.ignoreEos && this.generatedTokens >= this.request.minTokens;
  }

  /** What holds the next token to a form; undefined when it may be anything. */
  get grammarState(): LlamaGrammarEvaluationState | undefined {
    return this.#reader.grammarState;
  }

  /** Whether its reader has fallen behind by the whole buffer: not to be decoded. */
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

  /** Goes out with the text of its token. */
  addLogprobs(score: PositionLogprobs): void {
    this.#unsentLogprobs.push(score);
  }

  /** The prompt as the beginning of the answer, with its scores. */
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
   * Takes in tokens that another worker generated, whose deltas have been sent: from here on this run is what that one was.
   * @returns tokens that the answer goes on with, because that worker was interrupted while it forced them
   */
  replay(tokens: readonly number[]): readonly number[] {
    const credit = this.#credit;
    let forced: readonly number[] = [];
    for (const token of tokens) {
      const state = this.grammarState;
      if (state) this.#feed(state, [token]);
      this.accept(token);
      forced = forced.length > 0 ? forced.slice(1) : this.takeForced();
    }
    this.#unsentIds = [];
    this.#isPromptTold = tokens.length > 0;
    this.#credit = credit;
    return forced.slice(0, this.request.maxTokens - this.generatedTokens - 1);
  }

  /** Ends the answer without a further token. What was held back is text now, unless it completes a stop string. */
  finish(reason: FinishReason): { readonly deltas: readonly FreshDelta[]; readonly end: Ending } {
    const read = this.#reader.end();
    return { deltas: this.#lastDeltas(read), end: this.#ending(reason, read) };
  }

  /** Tokens that the answer goes on with whatever the model would say: they end thoughts beyond their budget, once. */
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

  /** Only a parked run can give its slot up; otherwise its reader has just come back. */
  suspend(): void {
    if (!this.#wake) return;
    this.isSuspendWanted = true;
    this.#wake();
  }

  addCredit(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit > 0) this.#wake?.();
  }

  /** While parked: waits until there is credit again, or the run is to be aborted or suspended. */
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

  /** Scores that go with no text (of control tokens) go out with an empty one. Those of a stop string do not go out. */
  #lastDeltas({ parts, stopString }: ReadParts): readonly FreshDelta[] {
    if (stopString !== null) this.#unsentLogprobs = logprobsOf(textOf(parts), this.#unsentLogprobs);
    const deltas = this.#deltas(parts);
    if (this.#unsentLogprobs.length === 0) return deltas;
    return [...deltas, this.#delta({ type: "text", text: "" })];
  }

  /** With all the tokens and scores that have not been sent yet. */
  #delta(part: OutputPart): FreshDelta {
    const logprobs = this.#unsentLogprobs;
    const ids = this.#unsentIds;
    const fresh = { tokens: ids.length, ids, ...(logprobs.length > 0 ? { logprobs } : {}) };
    this.#unsentIds = [];
    this.#unsentLogprobs = [];
    const delta = { ...freshDelta(part), ...fresh, ...this.#promptNews() };
    this.#credit -= weightOf(delta);
    return delta;
  }

  /** Once: with the first token it is known. */
  #promptNews(): { readonly prompt?: PromptReading } {
    if (this.#isPromptTold || this.generatedTokens === 0) return {};
    this.#isPromptTold = true;
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

/** The scores of the tokens that the text is made of, from the first on. */
function logprobsOf(text: string, logprobs: readonly PositionLogprobs[]): PositionLogprobs[] {
  let at = 0;
  return logprobs.filter((score) => {
    const isInText = at < text.length;
    at += score.text.length;
    return isInText;
  });
}
