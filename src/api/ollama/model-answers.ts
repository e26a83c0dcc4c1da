// Schemas of Ollama's answers about models: GET /api/tags, /api/ps, /api/version, POST /api/show, /api/pull.

import { z } from "zod";

const count = z.int().min(0);

const details = z.strictObject({
  parent_model: z.literal(""),
  format: z.literal("gguf"),
  family: z.string(),
  families: z.array(z.string()),
  parameter_size: z.string(),
  quantization_level: z.string(),
});

const listed = { name: z.string(), model: z.string(), size: count, digest: z.string(), details };

export const ollamaModels = z.strictObject({
  models: z.array(z.strictObject({ ...listed, modified_at: z.iso.datetime() })),
});

export const ollamaRunning = z.strictObject({
  models: z.array(
    z.strictObject({
      ...listed,
      expires_at: z.iso.datetime(),
      size_vram: count,
      context_length: count,
    }),
  ),
});

export const ollamaModel = z.strictObject({
  modelfile: z.string(),
  parameters: z.string(),
  template: z.string(),
  details,
  model_info: z.record(z.string(), z.union([z.string(), z.number()])),
  capabilities: z.array(z.enum(["completion", "tools", "thinking", "insert", "embedding"])),
  modified_at: z.iso.datetime(),
});

export const ollamaVersion = z.strictObject({ version: z.string() });
export const ollamaStatus = z.strictObject({ status: z.literal("success") });

/** One line of a pull. */
export const ollamaProgress = z.strictObject({
  status: z
    .string()
    .describe("`pulling manifest`, `pulling ...`, `verifying sha256 digest`, `success`."),
  digest: z.string().optional().describe("The same in all lines of a pull; not that of the file."),
  total: count.optional().describe("Bytes."),
  completed: count.optional().describe("Bytes."),
});

export type OllamaProgress = z.output<typeof ollamaProgress>;

export type OllamaDetails = z.output<typeof details>;
export type OllamaModels = z.output<typeof ollamaModels>;
export type OllamaRunning = z.output<typeof ollamaRunning>;
export type OllamaModel = z.output<typeof ollamaModel>;
