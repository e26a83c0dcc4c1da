// The interface that the wire formats of the embedding worker implement: a body becomes a request, what is computed for
// it becomes one body. Pure: no I/O, no clock.

import type { EmbeddingRequest } from "../generation/embedding.ts";
import type { Contract } from "./shared/contract.ts";

/** Builds one answer: `add` for every input in its order, then `body`. */
export interface EmbeddingEncoder {
  /** A vector, or one score. @throws ServiceError `generation_failed` for numbers that mean nothing */
  add(values: Float64Array): void;
  /** JSON. */
  body(answer: EmbeddingAnswer): string;
}

/** What is known of it when all is computed. */
export type EmbeddingAnswer = {
  readonly model: string;
  readonly promptTokens: number;
  /** Waiting for the worker, in ms. */
  readonly queueMs: number;
  /** Since the request came, in ms. */
  readonly totalMs: number;
};

export type ParsedEmbeddingRequest = {
  readonly request: EmbeddingRequest;
  /** As the client wrote it; null when it named none. */
  readonly model: string | null;
  /** Fields that nobody knows: accepted, and named in `x-ignored-params`. */
  readonly ignoredParams: readonly string[];
  readonly encoder: () => EmbeddingEncoder;
};

export interface EmbeddingApi {
  /** The first is the one that is listed and logged. */
  readonly paths: readonly [string, ...string[]];
  readonly contract: Contract;
  /** @throws ServiceError 400, naming the field */
  parse(body: unknown): ParsedEmbeddingRequest;
}
