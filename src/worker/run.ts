// What the worker knows of one request, apart from any slot: the tokens so far, its text state, and what the server
// has asked of it (abort, credit, suspend). A suspended request is a Run without a slot.

import type { LlamaGrammarEvaluationState } from "node-llama-cpp";
import type { FinishReason, Usage } from "../generation/events.ts";
import type { PreparedRequest } from "../generation/request.ts";
import { StopSequences } from "./stop-sequences.ts";
import { type Detokenize, TokenDecoder } from "./token-decoder.ts";

export type RunOptions = {
  readonly id: string;
  readonly request: PreparedRequest;
  /** UTF-8 bytes of text it may send before credit comes back. */
  readonly creditBytes: number;
  readonly detokenize: Detokenize;
  /** State of the grammar that the answer is held to; null for none. */
  readonly grammar: LlamaGrammarEvaluationState | null;
};

/** New text, and why the answer ends with it (null: it goes on). */
export type Accepted = {
  readonly text: string;
  readonly end: FinishReason | null;
};

export class Run {
  readonly id: string;
  readonly request: PreparedRequest;
  readonly grammar: LlamaGrammarEvaluationState | null;
  /** Prompt and answer: what must be in the cache to go on. */
  readonly tokens: number[];
  readonly #decoder: TokenDecoder;
  readonly #stops: StopSequences;
  #credit: number;
  #wake: (() => void) | null = null;
  hasSlot = false;
  isAborted = false;
  isSuspendWanted = false;
  /** Prompt tokens found in the cache when it first got a slot. */
  cachedTokens = 0;
  prefillMs = 0;
  /** Tokens computed (read or generated) in steps that ended after the abort. */
  tokensAfterAbort = 0;

  constructor({ id, request, creditBytes, detokenize, grammar }: RunOptions) {
    this.id = id;
    this.request = request;
    this.grammar = grammar;
    this.tokens = Array.from(request.promptTokens);
    this.#decoder = new TokenDecoder(detokenize, this.tokens);
    this.#stops = new StopSequences(request.stop);
    this.#credit = creditBytes;
  }

  get generatedTokens(): number {
    return this.tokens.length - this.request.promptTokens.length;
  }

  /** Whether the model may end the answer now. */
  get mayEnd(): boolean {
    return !this.request.ignoreEos && this.generatedTokens >= this.request.minTokens;
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
    };
  }

  /** Takes in one generated token. */
  accept(token: number): Accepted {
    this.tokens.push(token);
    const { text, isStopped } = this.#stops.push(this.#decoder.push(token));
    if (isStopped) return { text, end: "stop" };
    if (this.generatedTokens >= this.request.maxTokens) {
      const { text: rest, end } = this.finish("length");
      return { text: text + rest, end };
    }
    this.#credit -= Buffer.byteLength(text);
    return { text, end: null };
  }

  /** Ends the answer without a further token. What was held back is text now, unless it completes a stop string. */
  finish(reason: FinishReason): { readonly text: string; readonly end: FinishReason } {
    const { text, isStopped } = this.#stops.push(this.#decoder.flush());
    if (isStopped) return { text, end: "stop" };
    return { text: text + this.#stops.flush(), end: reason };
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
}
