// Tokenizes all inputs of an embedding or rerank request, and rejects invalid ones before any input is computed.

import type { Token } from "node-llama-cpp";
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
import { tokenizeInSlices, tokenizer } from "./token-slices.ts";
import type { Turn } from "./turn.ts";

type Prepared = { readonly input: PreparedInput; readonly count: number };

/** @throws ServiceError 4xx */
export async function prepareInputs(
  request: EmbeddingRequest,
  model: EmbeddingModel,
  turn: Pick<Turn, "pause">,
): Promise<PreparedInputs> {
  const prepared =
    request.type === "embed"
      ? await prepareEmbed(request, model, turn)
      : await prepareRank(request, model, turn);
  return {
    inputs: prepared.map(({ input }) => input),
    promptTokens: prepared.reduce((sum, { count }) => sum + count, 0),
  };
}

async function prepareEmbed(
  request: EmbedRequest,
  deps: EmbeddingModel,
  turn: Pick<Turn, "pause">,
): Promise<Prepared[]> {
  const { vectors, model } = deps;
  if (!vectors) {
    const message =
      "this model can only rank documents, not compute vectors; start the server with --embedding-model FILE";
    throw new ServiceError("unsupported_parameter", message, { field: "model" });
  }
  checkDimensions(request.dimensions, model.embeddingVectorSize);
  const prepared: Prepared[] = [];
  const read = tokenizer(model, false, true);
  for (const [index, input] of request.inputs.entries()) {
    const param = pathOf(request, index);
    const isText = typeof input === "string";
    const tokens = isText ? await tokenizeInSlices(input, read, turn) : input;
    checkTokens(tokens, deps.vocabularySize, { param });
    const count = vectors.calculateInputLength(tokens as Token[]); // the check makes the cast safe
    if (count === 0) {
      const message = `${param} has no tokens for this model; it must not be empty`;
      throw new ServiceError("invalid_value", message, { param });
    }
    const excess = excessOf(count, request, deps, { param });
    const kept = tokens.slice(0, tokens.length - excess);
    prepared.push({
      input: { tokens: Uint32Array.from(kept), query: null },
      count: count - excess,
    });
    await turn.pause();
  }
  return prepared;
}

function checkDimensions(dimensions: number | null, available: number): void {
  if (dimensions === null || dimensions <= available) return;
  const message = `dimensions is ${dimensions}; vectors of this model have at most ${available}`;
  throw new ServiceError("invalid_value", message, { field: "dimensions" });
}

async function prepareRank(
  request: RankRequest,
  deps: EmbeddingModel,
  turn: Pick<Turn, "pause">,
): Promise<Prepared[]> {
  const { ranking, model } = deps;
  if (!ranking) throw cannotRank();
  const end = endOfPair(deps);
  const read = tokenizer(model, false, false);
  const query = [...(await tokenizeInSlices(request.query, read, turn))];
  const queryCount = ranking.calculateInputLength(query, end);
  excessOf(queryCount, { truncates: false }, deps, { field: "query" });
  const shared = Uint32Array.from(query); // one array for all documents, also when it is sent
  const prepared: Prepared[] = [];
  for (const [index, document] of request.documents.entries()) {
    const text = await tokenizeInSlices(document, read, turn);
    const count = ranking.calculateInputLength(query, [...text, ...end]);
    const excess = excessOf(count, request, deps, { param: pathOf(request, index) });
    const kept = text.slice(0, Math.max(0, text.length - excess));
    const tokens = Uint32Array.from([...kept, ...end]);
    prepared.push({ input: { tokens, query: shared }, count: count - excess });
    await turn.pause();
  }
  return prepared;
}

/** The library ends a pair with the end token. BERT has none: its pairs end with a separator, which the caller must add. */
function endOfPair({ model: { tokens } }: EmbeddingModel): Token[] {
  return tokens.eos === null && tokens.sep !== null ? [tokens.sep] : [];
}

function pathOf({ inputPath }: EmbeddingRequest, index: number): string {
  return inputPath.replace("[]", `[${index}]`);
}

/** How many tokens must be cut. @throws ServiceError 400 if the request does not allow that */
function excessOf(
  count: number,
  { truncates }: Pick<EmbeddingRequest, "truncates">,
  { info }: EmbeddingModel,
  at: ErrorPlace,
): number {
  const excess = Math.max(0, count - info.contextTokens);
  if (excess === 0 || truncates) return excess;
  const message = `${at.field ?? at.param} has ${count} tokens, but this model reads at most ${info.contextTokens}`;
  const counts = { promptTokens: count, contextTokens: info.contextTokens };
  throw new ServiceError("context_length_exceeded", message, { ...at, counts });
}
