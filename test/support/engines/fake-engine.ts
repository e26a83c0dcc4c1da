// An Engine without a model: token rate, prefill time, sizes and failures are options. It honours leases, signals and
// credit like the real one, and counts what it computes.

import { setTimeout as sleep } from "node:timers/promises";
import type {
  Engine,
  EngineStatus,
  GenerateOptions,
  ModelLoadOptions,
  PendingAnswer,
} from "../../../src/engine/engine.ts";
import { abortReason, ServiceError } from "../../../src/errors.ts";
import { orAborted } from "../../../src/generation/deferred.ts";
import type {
  FinishReason,
  FreshDelta,
  GenerateEvent,
  Usage,
} from "../../../src/generation/events.ts";
import { fitsInto, type MemoryUse, memoryText } from "../../../src/generation/memory-use.ts";
import type { EngineState, KvTokens, ModelInfo } from "../../../src/generation/model-info.ts";
import type { Answers, AnswerTo, Question } from "../../../src/generation/questions.ts";
import {
  type GenerateRequest,
  PLAIN_OUTPUT,
  type PreparedRequest,
  type Prompt,
} from "../../../src/generation/request.ts";
import type { SlotLease } from "../../../src/generation/slot-lease.ts";
import { JSON_SYNTAX } from "../../../src/generation/syntax.ts";
import type { PrefillStatus } from "../../../src/generation/wait-status.ts";

export type FakeEngineOptions = {
  /** Text of each token; the last one repeats. */
  readonly texts?: readonly string[];
  /** Events of an answer, instead of `texts`: progress if it was requested, and deltas of any kind. */
  readonly events?: readonly (FreshDelta | PrefillStatus)[];
  /** Number of tokens of an answer; Infinity continues until max_tokens. */
  readonly tokens?: number;
  readonly tokenMs?: number;
  /** An answer stops after this many tokens until the promise resolves: what it has not written is certain. */
  readonly hold?: { readonly afterTokens: number; readonly until: Promise<void> };
  readonly prefillMs?: number;
  readonly prepareMs?: number;
  /** The reported number of cached prompt tokens. */
  readonly cachedTokens?: number;
  /** What it reports to be in its slots. */
  readonly kvTokens?: KvTokens;
  /** The reported cost of a question. */
  readonly askCostMs?: number;
  readonly contextTokens?: number;
  /** Whether it has no model until `load()`, as the real engine; without this option it is always loaded. */
  readonly isCold?: boolean;
  readonly loadMs?: number;
  /** Why each load fails; `loadFailure` of the engine changes it. */
  readonly loadFailure?: ServiceError;
  /** Facts about the model that differ from `FAKE_MODEL`. */
  readonly model?: Partial<ModelInfo>;
  /** A stream that is not read for this long gives its slot to waiting requests; without this option it never does. */
  readonly parkTimeoutMs?: number;
  /** Thrown after this many tokens. */
  readonly failure?: {
    readonly error: ServiceError;
    readonly afterTokens: number;
  };
};

/** A stay on a slot that can be interrupted. A second `begin` or an `end` without `begin` has no effect. */
type Turn = { readonly begin: () => Promise<void>; readonly end: () => void };

export const FAKE_MODEL: ModelInfo = {
  name: null,
  device: "CPU",
  deviceNote: null,
  gpuBytes: 0,
  gpuLayers: 0,
  totalLayers: 1,
  threads: 1,
  slots: 4,
  contextTokens: 4096,
  trainedContextTokens: 4096,
  batchTokens: 128,
  chatTemplate: "{{ messages }}",
  templateTraits: null,
  toolFormat: "hermes",
  argumentSyntax: JSON_SYNTAX,
  reasoningFormat: "think",
  canSwitchReasoning: true,
  vocabularySize: 1000,
  isEmbedding: false,
  canRank: true,
  modelBytes: 1,
  memory: { ramBytes: 1, vramBytes: 0 },
  family: "llama",
  parameters: 6_300_000,
  quantization: "Q8_0",
  canInfill: false,
  beginningText: null,
  endText: null,
};

export class FakeEngine implements Engine {
  readonly #options: FakeEngineOptions;
  /** Calls of `load()`, also those that found the model too large. */
  attempts = 0;
  /** How often the model was loaded and unloaded. */
  loads = 0;
  unloads = 0;
  /** Requests that held a slot when the model was unloaded. */
  cut = 0;
  /** Why every load fails; null if none does. */
  loadFailure: ServiceError | null = null;
  #state: EngineState = "ready";
  #mustWait = false;
  /** All requests in order of arrival, for assertions. */
  readonly requests: GenerateRequest[] = [];
  /** Requests that hold a slot now. */
  running = 0;
  /** For each turn on a slot, in order: the number of the load with which it was computed. */
  readonly turnsInLoad: number[] = [];
  /** Maximum number of requests that held a slot at the same time. */
  peakRunning = 0;
  tokensComputed = 0;

  constructor(options: FakeEngineOptions = {}) {
    this.#options = options;
    this.loadFailure = options.loadFailure ?? null;
    if (options.isCold) this.#state = "unloaded";
  }

  get #model(): ModelInfo {
    return { ...FAKE_MODEL, ...this.#options.model };
  }

  async load({ memoryLimit }: ModelLoadOptions): Promise<ModelInfo> {
    this.attempts += 1;
    requireRoom(this.#model, memoryLimit);
    this.loads += 1;
    const { loadMs = 0, isCold } = this.#options;
    if (isCold) this.#state = "loading";
    if (loadMs > 0) await sleep(loadMs);
    if (this.#mustWait) await new Promise<void>((resolve) => this.#onReady.push(resolve));
    if (this.#isClosed) throw new ServiceError("engine_unavailable", "the server is shutting down");
    if (this.loadFailure) throw this.loadFailure;
    this.#state = "ready";
    return this.#model;
  }

  async unload(): Promise<void> {
    if (this.#state === "ready") this.unloads += 1;
    this.cut += this.running;
    if (this.#options.isCold && !this.#isClosed) this.#state = "unloaded";
  }

  /** Pretends that the model is loading until `becomeReady()`. */
  startLoading(): void {
    this.#state = "loading";
    this.#mustWait = true;
  }

  /** Lets each load last until `becomeReady()`. */
  holdLoads(): void {
    this.#mustWait = true;
  }

  becomeReady(): void {
    this.#mustWait = false;
    if (!this.#options.isCold) this.#state = "ready"; // otherwise the load says so
    for (const goOn of this.#onReady.splice(0)) goOn();
  }

  readonly #onReady: (() => void)[] = [];

  status(): EngineStatus {
    return {
      state: this.#state,
      loadProgress: this.#state === "ready" ? 1 : 0.42,
      model: this.#state === "ready" ? this.#model : null,
      workerPid: null,
      workerRestarts: 0,
      reason: null,
      ...(this.#options.kvTokens ? { kvTokens: this.#options.kvTokens } : {}),
    };
  }

  ask<Q extends Question>(
    question: Q,
    { signal }: { readonly signal: AbortSignal },
  ): PendingAnswer<Q> {
    return this.asking(this.#answerLater(question, signal));
  }

  /** The answer, with the reported cost of the question. */
  protected asking<T>(answer: Promise<T>): { answer: Promise<T>; costMs: Promise<number> } {
    const { askCostMs = 0 } = this.#options;
    const cost = () => askCostMs;
    return { answer, costMs: answer.then(cost, cost) };
  }

  async #answerLater<Q extends Question>(question: Q, signal: AbortSignal): Promise<AnswerTo<Q>> {
    const { prepareMs = 0 } = this.#options;
    if (question.type === "prepare") this.requests.push(question.request);
    if (this.#state === "unloaded") throw notLoaded();
    if (this.#state !== "ready") await this.#becomesReady(signal);
    if (prepareMs > 0) await orAborted(sleep(prepareMs), signal);
    return this.#answerTo(question) as AnswerTo<Q>; // has the type of the question
  }

  #becomesReady(signal: AbortSignal): Promise<void> {
    return orAborted(new Promise<void>((resolve) => this.#onReady.push(resolve)), signal);
  }

  #answerTo(question: Question): Answers[keyof Answers] {
    switch (question.type) {
      case "prepare":
        return this.#prepare(question.request);
      case "tokenize":
        return wordsOf(question.text).map((text, id) => ({
          id,
          text,
          bytes: [...Buffer.from(text)],
        }));
      case "detokenize":
        return question.tokens.join(" ");
      case "render": {
        const text = textOf(question.prompt);
        return { text, tokens: wordsOf(text).length };
      }
    }
  }

  #prepare(request: GenerateRequest): PreparedRequest {
    const { contextTokens = 4096 } = this.#options;
    const { prompt, maxTokens, grammar: _, ...rest } = request;
    const promptTokens = Uint32Array.from(wordsOf(textOf(prompt)), idOf);
    const room = contextTokens - promptTokens.length;
    if (room < 1) {
      throw new ServiceError(
        "context_length_exceeded",
        `${promptTokens.length} > ${contextTokens}`,
        {
          field: prompt.type === "messages" ? "messages" : "prompt",
          counts: { promptTokens: promptTokens.length, contextTokens },
        },
      );
    }
    return {
      ...rest,
      promptTokens,
      maxTokens: Math.min(maxTokens ?? room, room),
      output: PLAIN_OUTPUT,
      checkpoints: null,
    };
  }

  async *generate(
    request: PreparedRequest,
    { signal, lease, deadline }: GenerateOptions,
  ): AsyncGenerator<GenerateEvent, void, undefined> {
    const { prefillMs = 0, failure } = this.#options;
    const turn = this.#turnOn(lease);
    await turn.begin();
    try {
      await this.#pause(prefillMs, signal);
      const failsAfter = failure?.afterTokens ?? Number.POSITIVE_INFINITY;
      const answer = this.#options.events
        ? this.#script(request, signal, this.#options.events)
        : this.#answer(request, signal, failsAfter, deadline);
      for await (const event of answer) {
        const stopTimer = this.#parkLater(turn, lease);
        try {
          yield event; // resumes when the reader asks for more
        } finally {
          stopTimer();
        }
        await turn.begin();
      }
    } finally {
      turn.end();
    }
  }

  #usageOf(
    { promptTokens }: PreparedRequest,
    tokens: Pick<Usage, "completionTokens" | "reasoningTokens">,
  ): Usage {
    const { cachedTokens = 0 } = this.#options;
    return { promptTokens: promptTokens.length, cachedTokens, ...tokens };
  }

  #turnOn(lease: SlotLease): Turn {
    let isRunning = false;
    return {
      begin: async () => {
        if (isRunning) return;
        await lease.acquire();
        if (this.#state === "unloaded") throw notLoaded();
        isRunning = true;
        this.running += 1;
        this.turnsInLoad.push(this.loads);
        this.peakRunning = Math.max(this.peakRunning, this.running);
      },
      end: () => {
        if (isRunning) this.running -= 1;
        isRunning = false;
        lease.release();
      },
    };
  }

  #parkLater(turn: Turn, lease: SlotLease): () => void {
    const { parkTimeoutMs } = this.#options;
    if (parkTimeoutMs === undefined) return () => {};
    const timer = setInterval(() => {
      if (lease.isContended) turn.end();
    }, parkTimeoutMs);
    return () => clearInterval(timer);
  }

  async close(): Promise<void> {
    this.becomeReady();
    this.#state = "closed";
  }

  get #isClosed(): boolean {
    return this.#state === "closed";
  }

  async *#answer(
    request: PreparedRequest,
    signal: AbortSignal,
    failsAfter: number,
    deadline?: AbortSignal,
  ): AsyncGenerator<GenerateEvent, void, undefined> {
    const {
      texts = ["Hello", " world"],
      tokens = texts.length,
      tokenMs = 0,
      hold,
      failure,
    } = this.#options;
    let count = Math.min(tokens, request.maxTokens);
    for (let index = 0; index < count; index++) {
      if (deadline?.aborted) {
        count = index;
        break;
      }
      if (index >= failsAfter && failure) throw failure.error;
      if (index === hold?.afterTokens) await orAborted(hold.until, signal);
      await this.#pause(tokenMs, signal);
      this.tokensComputed += 1;
      const text = texts[Math.min(index, texts.length - 1)] ?? "";
      yield { type: "text-delta", text, tokens: 1, atMs: performance.now() };
    }
    if (count >= failsAfter && failure) throw failure.error;
    const usage = this.#usageOf(request, { completionTokens: count, reasoningTokens: 0 });
    const reason = count < tokens ? "length" : "stop";
    yield {
      type: "finish",
      reason,
      stopString: null,
      usage,
      prefixTier: "slot",
      prefillMs: this.#options.prefillMs ?? 0,
    };
  }

  async *#script(
    request: PreparedRequest,
    signal: AbortSignal,
    events: readonly (FreshDelta | PrefillStatus)[],
  ): AsyncGenerator<GenerateEvent, void, undefined> {
    let reason: FinishReason = "stop";
    const tokens = { completionTokens: 0, reasoningTokens: 0 };
    for (const event of events) {
      await this.#pause(this.#options.tokenMs ?? 0, signal);
      if (event.type === "prefill") {
        if (request.reportsProgress) yield event;
        continue;
      }
      tokens.completionTokens += event.tokens;
      if (event.type === "reasoning-delta") tokens.reasoningTokens += event.tokens;
      if (event.type === "tool-call-delta") reason = "tool-calls";
      yield { ...event, atMs: performance.now() };
    }
    const usage = this.#usageOf(request, tokens);
    yield {
      type: "finish",
      reason,
      stopString: null,
      usage,
      prefixTier: "slot",
      prefillMs: this.#options.prefillMs ?? 0,
    };
  }

  /** Yields to other work even at full speed, and ends with the signal. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await orAborted(ms > 0 ? sleep(ms) : new Promise((resolve) => setImmediate(resolve)), signal);
    if (signal.aborted) throw abortReason(signal);
  }
}

/** As a worker does before it loads the weights. @throws ServiceError `model_too_large` */
export function requireRoom({ memory }: ModelInfo, limit: MemoryUse | null): void {
  if (limit === null || fitsInto(memory, limit)) return;
  const message = `it needs ${memoryText(memory)}, and may use ${memoryText(limit)}`;
  throw new ServiceError("model_too_large", message, { memory });
}

function notLoaded(): ServiceError {
  return new ServiceError("engine_unavailable", "the model is not loaded");
}

function textOf(prompt: Prompt): string {
  switch (prompt.type) {
    case "messages":
      return prompt.messages.map(({ content }) => content).join(" ");
    case "text":
      return prompt.text;
    case "tokens":
      return prompt.tokens.join(" ");
    case "infill":
      return `${prompt.prefix} ${prompt.suffix}`;
  }
}

function wordsOf(text: string): string[] {
  return text.split(" ");
}

/** The same id for the same word. */
function idOf(word: string): number {
  let id = 7;
  for (const char of word) id = (31 * id + (char.codePointAt(0) ?? 0)) % 2 ** 31;
  return id;
}
