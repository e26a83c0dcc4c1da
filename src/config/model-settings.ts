// The models and how they are computed. Part of config.ts.

import { fileURLToPath } from "node:url";
import { z } from "zod";
import { inGroup, integer, list, offByDefault, onByDefault, timeLimit } from "./setting.ts";

export const BUILTIN_MODEL = fileURLToPath(new URL("../../models/builtin.gguf", import.meta.url));

export const MODEL_SETTINGS = inGroup("model", {
  model: {
    schema: z.string().min(1).default(BUILTIN_MODEL),
    value: "PATH",
    help: "GGUF file to serve (default: the small built-in model)",
    allows: "a path to a .gguf file",
  },
  alias: {
    schema: list.default([]),
    value: "NAME",
    help: "name of the model for clients, instead of its file name; repeatable; '*' accepts any name",
    allows: "a name",
    isList: true,
  },
  embeddingModel: {
    schema: z.string().min(1).optional(),
    value: "PATH",
    help: "GGUF file for /v1/embeddings (default: the served model)",
    allows: "a path to a .gguf file",
  },
  rerankModel: {
    schema: z.string().min(1).optional(),
    value: "PATH",
    help: "GGUF file for /v1/rerank (default: the embedding model)",
    allows: "a path to a .gguf file",
  },
  slots: integer({
    min: 1,
    max: 256,
    default: 4,
    help: "requests that generate at the same time; others wait",
  }),
  context: integer({
    min: 16,
    max: 16_777_216,
    help: "tokens of one slot, for prompt and answer together, rounded up to a multiple of 256 (default: what the model was trained for, up to 4096)",
  }),
  gpu: {
    schema: z.enum(["auto", "cuda", "metal", "vulkan", "off"]).default("auto"),
    value: "KIND",
    help: "GPU backend: auto, cuda, metal, vulkan or off (default auto)",
    allows: "auto, cuda, metal, vulkan or off",
  },
  gpuLayers: integer({
    min: 0,
    max: 10_000,
    help: "layers of the model to put on the GPU (default: as many as fit)",
  }),
  threads: integer({
    min: 1,
    max: 1024,
    help: "limit of CPU threads for generation (default: all CPUs that the process may use)",
  }),
  threadGovernor: onByDefault({
    help: "use fewer threads while other processes need the CPUs",
    isExpert: true,
  }),
  flashAttention: onByDefault({ help: "compute with flash attention", isExpert: true }),
  batchSize: integer({
    min: 1,
    max: 65_536,
    help: "tokens of one decode step, and so the largest slice of a prompt (default: 128 on CPU, 512 on GPU)",
    isExpert: true,
  }),
  stepTargetMs: integer({
    min: 0,
    max: 600_000,
    help: "milliseconds that a decode step may take when it reads a slice of a prompt beside running streams; 0 reads whole batches (default: about 300, and 4 to 10 times a step without a slice)",
    isExpert: true,
  }),
  keepChangingLines: offByDefault({
    help: "leave lines that differ in each request, such as Claude Code's x-anthropic-billing-header, in system prompts; the prefix cache then ends at them",
    isExpert: true,
  }),
  speculation: {
    schema: z.enum(["auto", "off"]).default("auto"),
    value: "MODE",
    help: "speculative decoding by prompt lookup: auto drafts tokens that the prompt or answer predicts where that is measured to be faster; the answers are the same; off never drafts (default auto)",
    allows: "auto or off",
    isExpert: true,
  },
  loadTimeoutMs: timeLimit({
    default: 600,
    help: "longest time that loading a model may take",
    isExpert: true,
  }),
  hangTimeoutMs: timeLimit({
    default: 20,
    help: "restart a worker that is silent for longer than this",
    isExpert: true,
  }),
  stepTimeoutMs: timeLimit({
    default: 300,
    help: "restart a worker whose decode step takes longer than this",
    isExpert: true,
  }),
  restartDelayMs: timeLimit({
    default: 30,
    help: "longest back-off between restarts of a worker that keeps crashing",
    isExpert: true,
  }),
  embeddingIdleTimeoutMs: timeLimit({
    default: 300,
    help: "stop a worker for embeddings or reranking that has had no work for this long",
    isExpert: true,
  }),
});
