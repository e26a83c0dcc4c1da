// Loads a GGUF that computes embedding vectors or ranks documents, on the requested device.

import type { LlamaEmbeddingContext, LlamaModel, LlamaRankingContext, Token } from "node-llama-cpp";
import type { ModelOptions } from "../../engine/messages.ts";
import type { PreparedInput } from "../../generation/embedding.ts";
import type { ModelInfo } from "../../generation/model-info.ts";
import { JSON_SYNTAX } from "../../generation/syntax.ts";
import { usableCpus } from "./cpu-count.ts";
import { type Device, fitIntoMemory, type LoadOptions, modelFacts, withDevice } from "./device.ts";

/** OpenAI's limit for one input. */
const MAX_CONTEXT_TOKENS = 8192;
const SLICE_TOKENS = 512;
/** `pooling_type` of a GGUF: https://github.com/ggml-org/llama.cpp/blob/master/include/llama.h */
const POOLING = { none: 0, last: 3, rank: 4 } as const;

export type EmbeddingModel = {
  readonly info: ModelInfo;
  readonly model: LlamaModel;
  /** Null for a model that can only rank. */
  readonly vectors: LlamaEmbeddingContext | null;
  /** Null for a model that cannot rank. */
  readonly ranking: LlamaRankingContext | null;
  readonly vocabularySize: number;
};

/** @throws ServiceError `engine_unavailable` with one clear line */
export function loadEmbeddingModel(load: LoadOptions): Promise<EmbeddingModel> {
  return withDevice(load.options, (device) => loadOn(device, load));
}

async function loadOn(device: Device, load: LoadOptions): Promise<EmbeddingModel> {
  // At most half of the CPUs: two processes that both compute on all CPUs slow each other down many times over.
  const half = Math.max(1, Math.floor(usableCpus() / 2));
  const threads = Math.min(load.options.threads ?? half, half);
  device.llama.maxThreads = threads;
  const { model, context } = await fitIntoMemory(device.llama, load, (candidate) =>
    createContexts(candidate, load.options, threads),
  );
  const { vectors, ranking, contextTokens, batchTokens } = context;
  const vocabularySize = [...model.iterateAllTokens()].length;
  return {
    model,
    vectors,
    ranking,
    vocabularySize,
    info: {
      threads,
      slots: 1,
      contextTokens,
      batchTokens,
      chatTemplate: null,
      templateTraits: null,
      toolFormat: null,
      argumentSyntax: JSON_SYNTAX,
      reasoningFormat: null,
      canSwitchReasoning: false,
      vocabularySize,
      ...(await modelFacts(device, model)),
    },
  };
}

async function createContexts(model: LlamaModel, options: ModelOptions, threads: number) {
  const contextTokens = Math.min(
    options.contextTokens ?? MAX_CONTEXT_TOKENS,
    model.trainContextSize,
  );
  const batchTokens = mayReadInSlices(model) ? SLICE_TOKENS : contextTokens;
  // One more than the longest input: the library reserves a position for a generated token.
  const sizes = { contextSize: contextTokens + 1, batchSize: batchTokens, threads };
  const onlyRanks = poolingOf(model) === POOLING.rank;
  const canRank = model.fileInsights.supportsRanking;
  return {
    contextTokens,
    batchTokens,
    vectors: onlyRanks ? null : await model.createEmbeddingContext(sizes),
    ranking: canRank ? await model.createRankingContext(sizes) : null,
  };
}

/**
 * A causal model whose result comes from the last token can read its input in slices. Other models need the whole input in
 * one batch: llama.cpp would abort the process, or pool only the last batch.
 */
function mayReadInSlices(model: LlamaModel): boolean {
  const { architecture } = model.fileInfo.metadata.general;
  const isEncoder = model.fileInfo.architectureMetadata.attention?.causal === false;
  if (isEncoder || /bert|t5|embedding/.test(architecture)) return false;
  const pooling = poolingOf(model);
  if (pooling === POOLING.rank) return architecture.startsWith("qwen3");
  return pooling === POOLING.none || pooling === POOLING.last;
}

function poolingOf(model: LlamaModel): number {
  // The cast is needed because the library's types have this field for a few architectures only.
  const { pooling_type } = model.fileInfo.architectureMetadata as { pooling_type?: number };
  return pooling_type ?? POOLING.none;
}

/** Computes one vector, or one score. The cache keeps nothing of earlier inputs, so the result depends on this input alone. */
export async function computeInput(
  { tokens, query }: PreparedInput,
  { vectors, ranking }: EmbeddingModel,
): Promise<Float64Array> {
  const input = Array.from(tokens) as Token[];
  if (query === null) {
    if (!vectors) throw new Error("this model cannot compute vectors");
    return Float64Array.from((await vectors.getEmbeddingFor(input)).vector);
  }
  if (!ranking) throw new Error("this model cannot rank");
  return Float64Array.of(await ranking.rank(Array.from(query) as Token[], input));
}
