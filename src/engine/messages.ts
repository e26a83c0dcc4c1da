// Every message that crosses the process boundary, in lists: all of one turn of the event loop together.
// Plain data only (structured clone): no functions, no classes.

import { ServiceError, toErrorCode } from "../errors.ts";
import type { EmbeddingRequest, PreparedInput, PreparedInputs } from "../generation/embedding.ts";
import type { Ending, FreshDelta, PromptProgress, StepLoad, Usage } from "../generation/events.ts";
import type { Answers, Question } from "../generation/questions.ts";
import type { PreparedRequest } from "../generation/request.ts";

export type GpuChoice = "auto" | "cuda" | "metal" | "vulkan" | "off";

/** What the worker needs to load its model. Null means that the worker decides. */
export type ModelOptions = {
  readonly modelPath: string;
  readonly gpu: GpuChoice;
  /** Layers on the GPU. */
  readonly gpuLayers: number | null;
  readonly slots: number;
  /** Tokens per slot. */
  readonly contextTokens: number | null;
  /** At most; fewer compute while other processes need the CPUs, if `threadGovernor` is on. */
  readonly threads: number | null;
  readonly threadGovernor: boolean;
  readonly flashAttention: boolean;
  /** Tokens of one decode at most; also the largest slice of a prompt that is read at once. */
  readonly batchTokens: number | null;
  /** What a step may take that reads a slice of a prompt beside streams that generate; 0: as long as it takes. */
  readonly stepTargetMs: number | null;
};

/** What was loaded, as it really is. */
export type ModelInfo = {
  /** e.g. `CPU` or `CUDA (NVIDIA H200)`. */
  readonly device: string;
  /** Why it is not the device that was asked for; null when it is. */
  readonly deviceNote: string | null;
  readonly gpuLayers: number;
  readonly totalLayers: number;
  readonly threads: number;
  readonly slots: number;
  /** Tokens per slot. */
  readonly contextTokens: number;
  readonly trainedContextTokens: number;
  readonly batchTokens: number;
  /** Jinja source; null when the GGUF brings none that can be read. */
  readonly chatTemplate: string | null;
  /** How calls of tools are written; null without a chat template. */
  readonly toolFormat: string | null;
  /** How thoughts are written; null for a model that does not think. */
  readonly reasoningFormat: string | null;
  readonly vocabularySize: number;
  /** Whether it is a reranker. */
  readonly canRank: boolean;
  readonly modelBytes: number;
  /** The architecture's name, e.g. `llama`. */
  readonly family: string;
  readonly parameters: number;
  /** Of most of its tensors, e.g. `Q4_K_M`; null when the GGUF does not say. */
  readonly quantization: string | null;
  /** Whether it can fill in the middle of a text. */
  readonly canInfill: boolean;
  readonly beginningText: string | null;
  readonly endText: string | null;
};

/** An error as it crosses the boundary. */
export type WireError = {
  readonly code: string;
  readonly message: string;
  readonly param?: string | undefined;
};

export function fromWireError({ code, message, param }: WireError): ServiceError {
  return new ServiceError(toErrorCode(code), message, { param });
}

/** Known before anything is loaded for it, if it is the model that generates. */
export function cannotRank(): ServiceError {
  return new ServiceError(
    "unsupported_parameter",
    "this model cannot rank documents; start the server with --rerank-model FILE, a GGUF of a reranker",
    { param: "model" },
  );
}

export type ToWorker =
  | { readonly type: "load"; readonly options: ModelOptions }
  | { readonly type: "ask"; readonly id: string; readonly question: Question }
  /**
   * A slot is free for this request. `generated`: tokens of the answer that the server has already, from a worker that is
   * gone; the answer goes on after them. `creditBytes`: weight of deltas that it may send before it hears of readers.
   */
  | {
      readonly type: "start";
      readonly id: string;
      readonly request: PreparedRequest;
      readonly generated: readonly number[];
      /** Caches of other scopes are not for it. */
      readonly cacheScope: string;
      readonly creditBytes: number;
    }
  | { readonly type: "credit"; readonly id: string; readonly bytes: number }
  | { readonly type: "abort"; readonly id: string }
  /** Free the slot of a parked request, keep what is needed to go on. */
  | { readonly type: "suspend"; readonly id: string }
  /** A slot is free again for a suspended request. */
  | { readonly type: "resume"; readonly id: string }
  /** These two are for the embedding worker, which gets the next one when it has answered the last. */
  | { readonly type: "prepare-inputs"; readonly id: string; readonly request: EmbeddingRequest }
  | { readonly type: "compute-input"; readonly id: string; readonly input: PreparedInput }
  | { readonly type: "ping" };

/** What happened to one request in one decode step. */
export type StepEvent =
  | { readonly type: "delta"; readonly id: string; readonly delta: FreshDelta }
  | { readonly type: "progress"; readonly id: string; readonly progress: PromptProgress }
  /** No credit is left: the request is not decoded any more. */
  | { readonly type: "parked"; readonly id: string }
  /** The slot is free, the request goes on after `resume`. */
  | { readonly type: "suspended"; readonly id: string }
  /** The last word on a request that came to its end. Its slot is free. */
  | {
      readonly type: "finished";
      readonly id: string;
      readonly ending: Ending;
      readonly usage: Usage;
      readonly prefillMs: number;
    }
  /** The last word on an aborted request. Its slot is free. */
  | { readonly type: "aborted"; readonly id: string; readonly tokensAfterAbort: number }
  /** The last word on a request that failed. Its slot is free. */
  | { readonly type: "failed"; readonly id: string; readonly error: WireError };

export type FromWorker =
  /** The process runs and waits for `load`. */
  | { readonly type: "started" }
  | { readonly type: "loading"; readonly progress: number }
  | { readonly type: "loaded"; readonly model: ModelInfo }
  | { readonly type: "load-failed"; readonly error: WireError }
  /** `ms`: how long the worker computed the answer. */
  | {
      readonly type: "answered";
      readonly id: string;
      readonly answer: Answers[keyof Answers];
      readonly ms: number;
    }
  | {
      readonly type: "refused";
      readonly id: string;
      readonly error: WireError;
      readonly ms: number;
    }
  /** All that one decode step brought, for all slots, in one message. `loads`: the steps since the last message. */
  | {
      readonly type: "step";
      readonly events: readonly StepEvent[];
      readonly loads: readonly StepLoad[];
    }
  | {
      readonly type: "inputs-prepared";
      readonly id: string;
      readonly result: PreparedInputs | WireError;
    }
  /** A vector, or one number: the score of a document. */
  | {
      readonly type: "input-computed";
      readonly id: string;
      readonly result: Float64Array | WireError;
    }
  | { readonly type: "log"; readonly level: "info" | "warn" | "error"; readonly message: string }
  /** `stepAgeMs`: for how long the current decode has been running; 0 without one. */
  | { readonly type: "pong"; readonly stepAgeMs: number };
