// The seam between the service and whatever generates tokens: the worker here, a fake one in tests.

import type { GenerateEvent } from "../generation/events.ts";
import type { AnswerTo, Question } from "../generation/questions.ts";
import type { PreparedRequest } from "../generation/request.ts";
import type { SlotLease } from "../generation/slot-lease.ts";
import type { ModelInfo } from "./messages.ts";

export type EngineState = "loading" | "ready" | "restarting" | "failed" | "closed";

export type EngineStatus = {
  readonly state: EngineState;
  /** 0 to 1 while loading. */
  readonly loadProgress: number;
  /** Null until it has been loaded for the first time. */
  readonly model: ModelInfo | null;
  /** Process id of the worker; null while there is none. */
  readonly workerPid: number | null;
  readonly workerRestarts: number;
  /** Why the state is `failed` or `restarting`; null otherwise. */
  readonly reason: string | null;
};

export type GenerateOptions = {
  readonly signal: AbortSignal;
  /** When it is aborted the answer ends with what there is, as if a limit of its length were reached. */
  readonly deadline?: AbortSignal;
  readonly lease: SlotLease;
  /** It uses what requests of the same scope have left in the cache, and leaves its own to them. Default: one for all. */
  readonly cacheScope?: string;
};

/** A question that the engine works on. */
export type PendingAnswer<Q extends Question> = {
  readonly answer: Promise<AnswerTo<Q>>;
  /**
   * How long the engine has worked on it, in ms; never rejects. Resolves when the engine no longer works on it, also when it
   * was refused. For an aborted question that may be after `answer` was rejected.
   */
  readonly costMs: Promise<number>;
};

export interface Engine {
  /** Settles when the model has been loaded for the first time, or cannot be. */
  readonly firstLoad: Promise<ModelInfo>;
  /**
   * Answers without a slot: renders, tokenizes, prepares. While the model loads it waits. The answer is rejected with a
   * ServiceError: 4xx for what cannot be served, `engine_unavailable`, or the signal's reason.
   */
  ask<Q extends Question>(question: Q, options: { readonly signal: AbortSignal }): PendingAnswer<Q>;
  /**
   * Takes the lease, generates, and gives the lease back when the slot is free. Ends with one `finish` event or by
   * throwing one ServiceError. Leaving the loop, or aborting the signal, stops it within one decode step. A request whose
   * worker dies goes on in the next one, unless it is the one that kills it (`worker_crashed`).
   */
  generate(request: PreparedRequest, options: GenerateOptions): AsyncIterable<GenerateEvent>;
  status(): EngineStatus;
  /** Ends the worker process. Whatever still runs fails with `engine_unavailable`. */
  close(): Promise<void>;
}
