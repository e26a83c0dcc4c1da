// The interface between the service and the engine that generates tokens: a worker process, or a fake engine in tests.

import type { GenerateEvent } from "../generation/events.ts";
import type { KeptStream } from "../generation/kept-stream.ts";
import type { MemoryUse } from "../generation/memory-use.ts";
import type { EngineState, KvTokens, ModelInfo } from "../generation/model-info.ts";
import type { AnswerTo, AnyQuestion, Question } from "../generation/questions.ts";
import type { PreparedRequest } from "../generation/request.ts";
import type { SlotLease } from "../generation/slot-lease.ts";

export type EngineStatus = {
  readonly state: EngineState;
  /** 0 to 1 while loading. */
  readonly loadProgress: number;
  /** Null until the model was loaded for the first time. */
  readonly model: ModelInfo | null;
  /** Process id of the worker; null without a worker. */
  readonly workerPid: number | null;
  readonly workerRestarts: number;
  /** Why the state is `failed` or `restarting`; null otherwise. */
  readonly reason: string | null;
  /** What is in its slots; absent for an engine without slots, or that does not say. */
  readonly kvTokens?: KvTokens;
};

export type ModelLoadOptions = {
  /** The most memory that the model and its context may take; null for no limit. */
  readonly memoryLimit: MemoryUse | null;
};

/** What both kinds of engines have: a model that can be loaded, unloaded and loaded again. */
export interface LoadableEngine {
  /** Starts the worker process and loads the model. @throws ServiceError why it cannot be loaded; call `unload()` then too */
  load(options: ModelLoadOptions): Promise<ModelInfo>;
  /** Ends the worker process. Nothing may run in it. Requests that wait for a slot continue after the next `load()`. */
  unload(): Promise<void>;
  status(): EngineStatus;
  /** Ends the worker process for good. Running requests and questions fail with `engine_unavailable`. */
  close(): Promise<void>;
}

export type GenerateOptions = {
  readonly signal: AbortSignal;
  /** When it aborts, the answer so far is complete, and ends as with a length limit. */
  readonly deadline?: AbortSignal;
  readonly lease: SlotLease;
  /** Requests with the same scope share their cached prefixes. Default: one scope for all requests. */
  readonly cacheScope?: string;
  /** For a stream that may outlive this process. Only engines of other machines use it. */
  readonly kept?: KeptStream;
};

/** The pending answer to a question. */
export type PendingAnswer<Q extends AnyQuestion> = {
  readonly answer: Promise<AnswerTo<Q>>;
  /**
   * How long the engine has computed the answer, in ms. Resolves when the engine has stopped, also after an error, and never
   * rejects. For an aborted question it may resolve after `answer` was rejected.
   */
  readonly costMs: Promise<number>;
};

export interface Engine extends LoadableEngine {
  /** Whether it uses `GenerateOptions.kept`: its streams can outlive this process. Default: false. */
  readonly keepsStreams?: boolean;
  /**
   * Answers a question that needs no slot: render, tokenize, prepare. The model must be loaded. The answer is rejected with
   * a ServiceError: 4xx for an invalid question, `engine_unavailable`, or the signal's reason.
   */
  ask<Q extends Question>(question: Q, options: { readonly signal: AbortSignal }): PendingAnswer<Q>;
  /**
   * Acquires the lease, generates, and releases the lease when the slot is free. Ends with one `finish` event or one thrown
   * ServiceError. Leaving the loop or aborting the signal stops it within one decode step. If the worker dies, the request
   * continues in the next worker, unless the request itself causes the crashes (`worker_crashed`).
   */
  generate(request: PreparedRequest, options: GenerateOptions): AsyncIterable<GenerateEvent>;
}
