// All messages between the server process and its workers. Each send is a list of messages, from one turn of the event loop.
// Messages are plain data (structured clone), without functions and classes.

import { type ErrorDetails, ServiceError, toErrorCode } from "../errors.ts";
import type { FreshEvent, SavedBytes, StepLoad } from "../generation/events.ts";
import type { MemoryUse } from "../generation/memory-use.ts";
import type { KvTokens, ModelInfo } from "../generation/model-info.ts";
import type { AnswerTo, AnyQuestion, Question } from "../generation/questions.ts";
import type { PreparedRequest } from "../generation/request.ts";

export type GpuChoice = "auto" | "cuda" | "metal" | "vulkan" | "off";

/** Where the worker saves the KV caches of prompts beyond those in its slots. */
export type PrefixStorage = {
  /** A folder in memory, which outlives the worker. */
  readonly folder: string;
  /** Maximum size of the files in that folder. */
  readonly maxRamBytes: number;
  /** Encrypted copies that outlive the server; null for none. */
  readonly disk: {
    readonly folder: string;
    readonly maxBytes: number;
    /** File with the secret for the encryption. */
    readonly keyFile: string;
  } | null;
};

/** Options to load a model. Null means that the worker decides. */
export type ModelOptions = {
  readonly modelPath: string;
  readonly gpu: GpuChoice;
  /** Number of layers on the GPU. */
  readonly gpuLayers: number | null;
  readonly slots: number;
  /**
   * Tokens per slot. Null: as many as the model was trained for, up to 32,768, and as fit into `memoryLimit` and into the
   * memory that is free now; but at least 4096, or what the model was trained for.
   */
  readonly contextTokens: number | null;
  /** The most memory that the model and its context may take; null for no limit. */
  readonly memoryLimit: MemoryUse | null;
  /** The maximum; with `threadGovernor`, fewer threads compute while other processes need the CPUs. */
  readonly threads: number | null;
  readonly threadGovernor: boolean;
  readonly flashAttention: boolean;
  /** Maximum tokens of one decode, and so of one prompt slice. */
  readonly batchTokens: number | null;
  /** Target time of a step that reads a prompt slice while other streams generate; 0 for no target. */
  readonly stepTargetMs: number | null;
  /** Null for prefixes in slots alone. */
  readonly prefixCache: PrefixStorage | null;
  /** Whether to check tokens that prompt lookup predicts, where that is measured to pay. */
  readonly speculation: boolean;
};

/** An error as plain data. */
export type WireError = ErrorDetails & {
  readonly code: string;
  readonly message: string;
};

export function fromWireError({ code, message, ...details }: WireError): ServiceError {
  return new ServiceError(toErrorCode(code), message, details);
}

/** An error as a message to another process has it. */
export function toWireError(error: ServiceError): WireError {
  const { code, message, field, param, counts, memory, retryAfterSeconds } = error;
  return { code, message, field, param, counts, memory, retryAfterSeconds };
}

/** Thrown also before the model is loaded for ranking, if it is already loaded for generation. */
export function cannotRank(): ServiceError {
  const message =
    "this model cannot rank documents; start the server with --rerank-model FILE, where FILE is the GGUF of a reranker";
  return new ServiceError("unsupported_parameter", message, { field: "model" });
}

/** A worker for generation answers a `Question`, an embedding worker an `EmbeddingQuestion`. */
export type ToWorker<Q extends AnyQuestion = Question> =
  | { readonly type: "load"; readonly options: ModelOptions }
  | { readonly type: "ask"; readonly id: string; readonly question: Q }
  /**
   * Starts a request on a free slot. `generated`: tokens of the answer from earlier runs, after which it continues.
   * `creditBytes`: weight of the deltas that it may send before the first `credit` message.
   */
  | {
      readonly type: "start";
      readonly id: string;
      readonly request: PreparedRequest;
      readonly generated: readonly number[];
      /** The request may use only caches of the same scope. */
      readonly cacheScope: string;
      readonly creditBytes: number;
    }
  | { readonly type: "credit"; readonly id: string; readonly bytes: number }
  | { readonly type: "abort"; readonly id: string }
  /** Ends a parked request, which a later `start` can continue. */
  | { readonly type: "suspend"; readonly id: string }
  | { readonly type: "ping" }
  /** Saves what should outlive the process, and ends it. */
  | { readonly type: "close" };

/** An event of one request in one decode step. */
export type StepEvent =
  /** A `finish` is the last event of a completed request. Its slot is free. */
  | { readonly type: "output"; readonly id: string; readonly event: FreshEvent }
  /** The request has no credit left and stays on its slot without decoding. */
  | { readonly type: "parked"; readonly id: string }
  /** Last event of a suspended request. Its slot is free. */
  | { readonly type: "suspended"; readonly id: string }
  /** Last event of an aborted request. Its slot is free. */
  | { readonly type: "aborted"; readonly id: string; readonly tokensAfterAbort: number }
  /** Last event of a failed request. Its slot is free. */
  | { readonly type: "failed"; readonly id: string; readonly error: WireError };

export type FromWorker =
  /** The process is running and waits for `load`. */
  | { readonly type: "started" }
  | { readonly type: "loading"; readonly progress: number }
  | { readonly type: "loaded"; readonly model: ModelInfo }
  | { readonly type: "load-failed"; readonly error: WireError }
  /** The worker begins or continues to compute the answer to this question; null: it computes none until the next message. */
  | { readonly type: "computing"; readonly id: string | null }
  /** `ms`: time to compute the answer. */
  | {
      readonly type: "answered";
      readonly id: string;
      readonly answer: AnswerTo<AnyQuestion>;
      readonly ms: number;
    }
  | {
      readonly type: "refused";
      readonly id: string;
      readonly error: WireError;
      readonly ms: number;
    }
  /**
   * All events of one decode step, for all slots. `loads`: the steps since the last such message. `kvTokens`: what is in the
   * slots after these events.
   */
  | {
      readonly type: "step";
      readonly events: readonly StepEvent[];
      readonly loads: readonly StepLoad[];
      readonly kvTokens: KvTokens;
    }
  /** The size of the saved prefixes has changed. */
  | ({ readonly type: "saved" } & SavedBytes)
  | { readonly type: "log"; readonly level: "info" | "warn" | "error"; readonly message: string }
  /** `stepAgeMs`: how long the current decode has been running; 0 if none is running. */
  | { readonly type: "pong"; readonly stepAgeMs: number };
