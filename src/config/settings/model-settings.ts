// The models and how they are computed. Part of ../config.ts.

import { fileURLToPath } from "node:url";
import { z } from "zod";
import { ConfigError } from "../config-error.ts";
import { entryFromFields, entryFromText, MODEL_RANGES, type ModelEntry } from "../model-entry.ts";
import {
  byteSize,
  inGroup,
  integer,
  list,
  offByDefault,
  onByDefault,
  timeLimit,
} from "./setting.ts";

export const BUILTIN_MODEL = fileURLToPath(
  new URL("../../../models/builtin.gguf", import.meta.url),
);

/** The text of --model, or an object with the fields of ModelEntry. */
const modelEntry = z
  .union([z.string(), z.record(z.string(), z.unknown())])
  .transform((given, context): ModelEntry => {
    try {
      return typeof given === "string" ? entryFromText(given) : entryFromFields(given);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      context.addIssue({ code: "custom", message: error.message });
      return z.NEVER;
    }
  });
/** The definition is made from `modelOptions`. */
const MODEL_JSON = { $ref: "#/definitions/model" };

/** The folder of downloads, whose files are offered. */
export const DEFAULT_MODELS_DIR = "models";

export const MODEL_SETTINGS = inGroup("model", {
  model: {
    schema: z
      .tuple([modelEntry], modelEntry)
      .default((): [ModelEntry] => [entryFromFields({ path: BUILTIN_MODEL })]),
    value: "PATH",
    help: "GGUF file to serve (default: the small built-in model); repeatable: each model is loaded when it is needed; NAME=PATH names the model, and options follow after commas: context=N, slots=N, gpu-layers=N, alias=NAME (repeatable), pin (never unload it), preload (load it at the start)",
    allows: "a path to a .gguf file",
    isList: true,
    separator: ";",
    isPath: true,
    json: { anyOf: [MODEL_JSON, { type: "array", minItems: 1, items: MODEL_JSON }] },
  },
  alias: {
    schema: list.default([]),
    value: "NAME",
    help: "name of the first model for clients, instead of its file name; repeatable; '*' accepts any name",
    allows: "a name",
    isList: true,
  },
  embeddingModel: {
    schema: z.string().min(1).optional(),
    value: "PATH",
    help: "GGUF file for /v1/embeddings (default: the served model)",
    allows: "a path to a .gguf file",
    isPath: true,
  },
  rerankModel: {
    schema: z.string().min(1).optional(),
    value: "PATH",
    help: "GGUF file for /v1/rerank (default: the embedding model)",
    allows: "a path to a .gguf file",
    isPath: true,
  },
  modelsDir: {
    schema: z.string().min(1).default(DEFAULT_MODELS_DIR),
    value: "PATH",
    help: "folder whose GGUF files are offered too, by file name; loaded by the first request; it may be missing (default models)",
    allows: "a path to a folder",
    isPath: true,
  },
  memoryBudget: byteSize({
    min: 1,
    help: "memory that all loaded models may use together, such as 24GiB (default: what RAM and GPU memory allow, with a reserve)",
  }),
  idleUnloadMs: timeLimit({
    help: "unload a model that has had no request for this long; pinned models stay (default: never)",
  }),
  slots: integer({
    ...MODEL_RANGES.slots,
    default: 4,
    help: "requests that generate at the same time; others wait",
  }),
  context: integer({
    ...MODEL_RANGES.context,
    help: "tokens of one slot, for prompt and answer together, rounded up to a multiple of 256 (default: as much as fits into memory, up to what the model was trained for and 32768)",
  }),
  gpu: {
    schema: z.enum(["auto", "cuda", "metal", "vulkan", "off"]).default("auto"),
    value: "KIND",
    help: "GPU backend: auto, cuda, metal, vulkan or off (default auto)",
    allows: "auto, cuda, metal, vulkan or off",
  },
  gpuLayers: integer({
    ...MODEL_RANGES.gpuLayers,
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
