// Tokenizes all inputs of an embedding or rerank request, and rejects invalid ones before any input is computed.

import type { LlamaEmbeddingContext, LlamaRankingContext, Token } from "node-llama-cpp";
import { cannotRank } from "../../engine/messages.ts";
import { type ErrorPlace, ServiceError } from "../../errors.ts";
import type {
  EmbeddingRequest,
  EmbedRequest,
  PreparedInput,
  PreparedInputs,
  RankRequest,
} from "../../generation/embedding.ts";
import type { EmbeddingModel } from "../load/embedding-model.ts";
import { checkTokens } from "./check-tokens.ts";

type Prepared = { readonly input: PreparedInput; readonly count: number };

/** @throws ServiceError 4xx */
export function prepareInputs(request: EmbeddingRequest, model: EmbeddingModel): PreparedInputs {
  const prepared =
    request.type === "embed" ? prepareEmbed(request, model) : prepareRank(request, model);
  return {
    inputs: prepared.map(({ input }) => input),
    promptTokens: prepared.reduce((sum, { count }) => sum + count, 0),
  };
}

function prepareEmbed(request: EmbedRequest, deps: EmbeddingModel): Prepared[] {
  const { vectors, model } = deps;
  if (!vectors) {
    throw new ServiceError(
      "unsupported_parameter",
      "this model can only rank documents, not compute vectors; start the server with --embedding-model FILE",
      { field: "model" },
    );
  }
  checkDimensions(request.dimensions, model.embeddingVectorSize);
  return request.inputs.map((input, index) => {
    const param = pathOf(request, index);
    if (typeof input !== "string") checkTokens(input, deps.vocabularySize, { param });
    const tokens = typeof input === "string" ? model.tokenize(input) : (input as Token[]); // checked above
    return preparedInput(tokens, { vectors, deps, param, truncates: request.truncates });
  });
}

type EmbedInput = {
  readonly vectors: LlamaEmbeddingContext;
  readonly deps: EmbeddingModel;
  readonly param: string;
  readonly truncates: boolean;
};

function preparedInput(tokens: Token[], on: EmbedInput): Prepared {
  const { vectors, deps, param, truncates } = on;
  const count = vectors.calculateInputLength(tokens);
  if (count === 0) {
    const message = `${param} has no tokens for this model; it must not be empty`;
    throw new ServiceError("invalid_value", message, { param });
  }
  const excess = Math.max(0, count - deps.info.contextTokens);
  if (excess > 0 && !truncates) throw tooLong(count, deps, { param });
  const kept = tokens.slice(0, tokens.length - excess);
  return { input: { tokens: Uint32Array.from(kept), query: null }, count: count - excess };
}

function checkDimensions(dimensions: number | null, available: number): void {
  if (dimensions === null || dimensions <= available) return;
  const message = `dimensions is ${dimensions}; vectors of this model have at most ${available}`;
  throw new ServiceError("invalid_value", message, { field: "dimensions" });
}

function prepareRank(request: RankRequest, deps: EmbeddingModel): Prepared[] {
  const { ranking, model } = deps;
  if (!ranking) throw cannotRank();
  const query = model.tokenize(request.query, false, "trimLeadingSpace");
  const queryCount = ranking.calculateInputLength(query, endOfPair(deps));
  if (queryCount > deps.info.contextTokens) throw tooLong(queryCount, deps, { field: "query" });
  const shared = Uint32Array.from(query); // one array for all documents, also when it is sent
  return request.documents.map((document, index) =>
    preparedPair(document, { query, shared, ranking, deps, request, index }),
  );
}

type RankInput = {
  readonly query: Token[];
  readonly shared: Uint32Array;
  readonly ranking: LlamaRankingContext;
  readonly deps: EmbeddingModel;
  readonly request: RankRequest;
  readonly index: number;
};

function preparedPair(document: string, on: RankInput): Prepared {
  const { query, shared, ranking, deps, request, index } = on;
  const { contextTokens } = deps.info;
  const text = deps.model.tokenize(document, false, "trimLeadingSpace");
  const end = endOfPair(deps);
  const whole = ranking.calculateInputLength(query, [...text, ...end]);
  const excess = whole - contextTokens;
  if (excess > 0 && !request.truncates)
    throw tooLong(whole, deps, { param: pathOf(request, index) });
  const kept = excess > 0 ? text.slice(0, Math.max(0, text.length - excess)) : text;
  const tokens = Uint32Array.from([...kept, ...end]);
  return {
    input: { tokens, query: shared },
    count: Math.min(whole, contextTokens),
  };
}

/** The library ends a pair with the end token. BERT has none: its pairs end with a separator, which the caller must add. */
function endOfPair({ model: { tokens } }: EmbeddingModel): Token[] {
  return tokens.eos === null && tokens.sep !== null ? [tokens.sep] : [];
}

function pathOf({ inputPath }: EmbeddingRequest, index: number): string {
  return inputPath.replace("[]", `[${index}]`);
}

function tooLong(count: number, { info }: EmbeddingModel, at: ErrorPlace): ServiceError {
  const message = `${at.field ?? at.param} has ${count} tokens, but this model reads at most ${info.contextTokens}`;
  return new ServiceError("context_length_exceeded", message, at);
}
