// The interface between the service and the engine that generates tokens: a worker process, or a fake engine in tests.

import type { GenerateEvent } from "../generation/events.ts";
import type { ModelInfo } from "../generation/model-info.ts";
import type { AnswerTo, AnyQuestion, Question } from "../generation/questions.ts";
import type { PreparedRequest } from "../generation/request.ts";
import type { SlotLease } from "../generation/slot-lease.ts";

export type EngineState = "loading" | "ready" | "restarting" | "failed" | "closed";

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
};

export type GenerateOptions = {
  readonly signal: AbortSignal;
  /** When it aborts, the answer so far is complete, and ends as with a length limit. */
  readonly deadline?: AbortSignal;
  readonly lease: SlotLease;
  /** Requests with the same scope share their cached prefixes. Default: one scope for all requests. */
  readonly cacheScope?: string;
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

export interface Engine {
  /** Settles when the model was loaded for the first time, or failed to load. */
  readonly firstLoad: Promise<ModelInfo>;
  /**
   * Answers a question that needs no slot: render, tokenize, prepare. Waits while the model loads. The answer is rejected with
   * a ServiceError: 4xx for an invalid question, `engine_unavailable`, or the signal's reason.
   */
  ask<Q extends Question>(question: Q, options: { readonly signal: AbortSignal }): PendingAnswer<Q>;
  /**
   * Acquires the lease, generates, and releases the lease when the slot is free. Ends with one `finish` event or one thrown
   * ServiceError. Leaving the loop or aborting the signal stops it within one decode step. If the worker dies, the request
   * continues in the next worker, unless the request itself causes the crashes (`worker_crashed`).
   */
  generate(request: PreparedRequest, options: GenerateOptions): AsyncIterable<GenerateEvent>;
  status(): EngineStatus;
  /** Ends the worker process. Running requests and questions fail with `engine_unavailable`. */
  close(): Promise<void>;
}
