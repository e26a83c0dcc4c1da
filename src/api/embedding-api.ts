// The interface of a wire format for embeddings or ranking: parses a body into a request, and encodes the results as one
// body. The HTTP layer calls it. Pure: no I/O, no clock.

import type { EmbeddingRequest } from "../generation/embedding.ts";
import type { Contract } from "./shared/contract.ts";

/** Builds one answer: call `add` for every input in order, then `body`. */
export interface EmbeddingEncoder {
  /** @param values a vector, or one score. @throws ServiceError `generation_failed` if they are not finite */
  add(values: Float64Array): void;
  /** The body as JSON text. */
  body(answer: EmbeddingAnswer): string;
}

/** Facts about the answer, known when all inputs are computed. */
export type EmbeddingAnswer = {
  readonly model: string;
  readonly promptTokens: number;
  /** Time spent waiting for the worker, in ms. */
  readonly queueMs: number;
  /** Time since the request arrived, in ms. */
  readonly totalMs: number;
};

export type ParsedEmbeddingRequest = {
  readonly request: EmbeddingRequest;
  /** Model name as the client wrote it; null if it named none. */
  readonly model: string | null;
  /** Unknown fields: accepted, and listed in `x-ignored-params`. */
  readonly ignoredParams: readonly string[];
  readonly encoder: () => EmbeddingEncoder;
};

export interface EmbeddingApi {
  /** All paths of the route. The first one is documented and logged. */
  readonly paths: readonly [string, ...string[]];
  readonly contract: Contract;
  /** @throws ServiceError 400, naming the field */
  parse(body: unknown): ParsedEmbeddingRequest;
}
