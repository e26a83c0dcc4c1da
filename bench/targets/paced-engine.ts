// An Engine without a model that emits tokens at a given rate over all its streams, as fast as the server accepts them. As in
// the real engine, one timer (the decode step) serves all streams, and each stream has its own channel.

import { Channel } from "../../src/engine/channel.ts";
import type {
  Engine,
  EngineStatus,
  GenerateOptions,
  PendingAnswer,
} from "../../src/engine/engine.ts";
import { abortReason } from "../../src/errors.ts";
import type { GenerateEvent } from "../../src/generation/events.ts";
import type { ModelInfo } from "../../src/generation/model-info.ts";
import type { AnswerTo, Question } from "../../src/generation/questions.ts";
import { PLAIN_OUTPUT, type PreparedRequest } from "../../src/generation/request.ts";
import { JSON_SYNTAX } from "../../src/generation/syntax.ts";

export const PACED_MODEL: ModelInfo = {
  name: null,
  device: "none",
  deviceNote: null,
  gpuBytes: 0,
  gpuLayers: 0,
  totalLayers: 0,
  threads: 0,
  slots: 0,
  contextTokens: Number.MAX_SAFE_INTEGER,
  trainedContextTokens: Number.MAX_SAFE_INTEGER,
  batchTokens: 0,
  chatTemplate: null,
  templateTraits: null,
  toolFormat: null,
  argumentSyntax: JSON_SYNTAX,
  reasoningFormat: null,
  canSwitchReasoning: false,
  vocabularySize: 0,
  isEmbedding: false,
  canRank: false,
  modelBytes: 0,
  memory: { ramBytes: 0, vramBytes: 0 },
  family: "llama",
  parameters: 6_300_000,
  quantization: "Q8_0",
  canInfill: false,
  beginningText: null,
  endText: null,
};
const TOKEN = " token";

/** Streams never end by themselves; their readers disconnect. */
export class PacedEngine implements Engine {
  readonly #streams = new Set<Channel>();
  #tokensPerSecond = 0;
  #timer: NodeJS.Timeout | null = null;
  #stepsSinceMs = 0;
  #steps = 0;
  /** Tokens emitted so far. */
  tokens = 0;

  /** Sets the rate of all streams together. */
  setRate(tokensPerSecond: number): void {
    this.#tokensPerSecond = tokensPerSecond;
    this.#stepsSinceMs = performance.now();
    this.#steps = 0;
    if (this.#timer) clearTimeout(this.#timer);
    this.#tick();
  }

  async load() {
    return PACED_MODEL;
  }

  async unload(): Promise<void> {}

  ask<Q extends Question>(question: Q): PendingAnswer<Q> {
    if (question.type !== "prepare") throw new Error("only requests are prepared here");
    const { prompt: _, maxTokens, grammar: __, ...rest } = question.request;
    const prepared: PreparedRequest = {
      ...rest,
      promptTokens: new Uint32Array(1),
      maxTokens: maxTokens ?? 1,
      output: PLAIN_OUTPUT,
      checkpoints: null,
    };
    const answer = Promise.resolve(prepared as AnswerTo<Q>); // the only kind of question
    return { answer, costMs: Promise.resolve(0) };
  }

  async *generate(
    _request: PreparedRequest,
    { signal, lease }: GenerateOptions,
  ): AsyncGenerator<GenerateEvent, void, undefined> {
    await lease.acquire();
    const channel = new Channel({ onTaken: () => {} });
    const onAbort = () => channel.fail(abortReason(signal));
    signal.addEventListener("abort", onAbort, { once: true });
    this.#streams.add(channel);
    try {
      yield* channel;
    } finally {
      this.#streams.delete(channel);
      signal.removeEventListener("abort", onAbort);
      lease.release();
    }
  }

  status(): EngineStatus {
    return {
      state: "ready",
      loadProgress: 1,
      model: PACED_MODEL,
      workerPid: null,
      workerRestarts: 0,
      reason: null,
    };
  }

  async close(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
  }

  /** Catches up on late steps, just as messages of the worker wait in the pipe and then arrive together. */
  #tick(): void {
    const stepMs = (1000 * Math.max(1, this.#streams.size)) / this.#tokensPerSecond;
    const due = Math.floor((performance.now() - this.#stepsSinceMs) / stepMs);
    for (; this.#steps < due; this.#steps++) this.#step();
    const nextMs = this.#stepsSinceMs + (due + 1) * stepMs - performance.now();
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, nextMs));
  }

  #step(): void {
    const atMs = performance.now();
    for (const channel of this.#streams) {
      channel.push({ type: "text-delta", text: TOKEN, tokens: 1, atMs });
      this.tokens += 1;
    }
  }
}
