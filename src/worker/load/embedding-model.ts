// Loads a GGUF that computes embedding vectors or ranks documents, on the requested device.

import type {
  GgufInsights,
  LlamaEmbeddingContext,
  LlamaModel,
  LlamaRankingContext,
  Token,
} from "node-llama-cpp";
import { usableCpus } from "../../cpu-count.ts";
import type { ModelOptions } from "../../engine/messages.ts";
import type { PreparedInput } from "../../generation/embedding.ts";
import type { ModelInfo } from "../../generation/model-info.ts";
import { JSON_SYNTAX } from "../../generation/syntax.ts";
import { type Device, fitIntoMemory, type LoadOptions, modelFacts, withDevice } from "./device.ts";
import { limitOnDevice, requireRoom } from "./load-plan.ts";
import {
  freeMemory,
  layersOnGpu,
  type MemoryNeeds,
  memoryNeeds,
  readInsights,
} from "./memory-needs.ts";

/** OpenAI's limit for one input. */
const MAX_CONTEXT_TOKENS = 8192;
const SLICE_TOKENS = 512;
/** A context has room for one token more than the longest input: the library reserves a position for a generated token. */
const SPARE_TOKENS = 1;
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

/** @throws ServiceError `engine_unavailable` or `model_too_large`, with one clear line */
export function loadEmbeddingModel(load: LoadOptions): Promise<EmbeddingModel> {
  return withDevice(load.options, (device) => loadOn(device, load));
}

async function loadOn(device: Device, load: LoadOptions): Promise<EmbeddingModel> {
  // At most half of the CPUs: two processes that both compute on all CPUs slow each other down many times over.
  const half = Math.max(1, Math.floor(usableCpus() / 2));
  const threads = Math.min(load.options.threads ?? half, half);
  device.llama.maxThreads = threads;
  const { options } = load;
  const insights = await readInsights(device.llama, options.modelPath);
  const plan = planContexts(insights, options);
  const { contextTokens, batchTokens } = plan;
  const size = { contextTokens, slots: 1 };
  const gpuLayers = device.llama.gpu === false ? 0 : layersOnGpu(insights, options);
  const needs = await needsOf(insights, { ...plan, gpuLayers });
  const { memoryLimit, modelPath } = options;
  const free = await freeMemory(device.llama);
  const limit = memoryLimit && limitOnDevice(memoryLimit, free);
  await requireRoom({ needs, size, limit, free, modelPath });
  const asked = { ...load, gpuLayers: options.gpuLayers };
  const { model, context } = await fitIntoMemory(device.llama, asked, (candidate) =>
    createContexts(candidate, plan, threads),
  );
  const { vectors, ranking } = context;
  const vocabularySize = [...model.iterateAllTokens()].length;
  const taken = await needsOf(insights, { ...plan, gpuLayers: model.gpuLayers });
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
      memory: await taken.needAt(size), // the library does not report it for such contexts
      ...(await modelFacts(device, model)),
    },
  };
}

type ContextPlan = {
  readonly contextTokens: number;
  readonly batchTokens: number;
  readonly flashAttention: boolean;
  readonly computesVectors: boolean;
  readonly ranks: boolean;
};

function planContexts(insights: GgufInsights, options: ModelOptions): ContextPlan {
  const contextTokens = Math.min(
    options.contextTokens ?? MAX_CONTEXT_TOKENS,
    insights.trainContextSize ?? MAX_CONTEXT_TOKENS,
  );
  return {
    contextTokens,
    batchTokens: mayReadInSlices(insights) ? SLICE_TOKENS : contextTokens,
    flashAttention: options.flashAttention && insights.flashAttentionSupported,
    computesVectors: poolingOf(insights) !== POOLING.rank,
    ranks: insights.supportsRanking,
  };
}

async function needsOf(
  insights: GgufInsights,
  plan: ContextPlan & { readonly gpuLayers: number },
): Promise<MemoryNeeds> {
  const { gpuLayers, batchTokens, flashAttention, computesVectors, ranks } = plan;
  const contexts = Number(computesVectors) + Number(ranks);
  const kind = { gpuLayers, batchTokens, flashAttention, isEmbedding: true, contexts };
  const needs = await memoryNeeds(insights, kind);
  return {
    ...needs,
    needAt: ({ contextTokens, slots }) =>
      needs.needAt({ contextTokens: contextTokens + SPARE_TOKENS, slots }),
  };
}

async function createContexts(model: LlamaModel, plan: ContextPlan, threads: number) {
  const { contextTokens, batchTokens, computesVectors, ranks } = plan;
  const sizes = { contextSize: contextTokens + SPARE_TOKENS, batchSize: batchTokens, threads };
  return {
    vectors: computesVectors ? await model.createEmbeddingContext(sizes) : null,
    ranking: ranks ? await model.createRankingContext(sizes) : null,
  };
}

/**
 * A causal model whose result comes from the last token can read its input in slices. Other models need the whole input in
 * one batch: llama.cpp would abort the process, or pool only the last batch.
 */
function mayReadInSlices(insights: GgufInsights): boolean {
  const { metadata, architectureMetadata } = insights.ggufFileInfo;
  const { architecture } = metadata.general;
  const isEncoder = architectureMetadata.attention?.causal === false;
  if (isEncoder || /bert|t5|embedding/.test(architecture)) return false;
  const pooling = poolingOf(insights);
  if (pooling === POOLING.rank) return architecture.startsWith("qwen3");
  return pooling === POOLING.none || pooling === POOLING.last;
}

function poolingOf({ ggufFileInfo }: GgufInsights): number {
  // The cast is needed because the library's types have this field for a few architectures only.
  const { pooling_type } = ggufFileInfo.architectureMetadata as { pooling_type?: number };
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
