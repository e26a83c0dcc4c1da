// The facts about a loaded model: the worker reports them, and answers, the banner and the log show them.

import type { Syntax } from "./syntax.ts";
import type { TemplateTraits } from "./template-traits.ts";

/** The loaded model, with the values that are really in use. */
export type ModelInfo = {
  /** The name in the file; null if it has none. */
  readonly name: string | null;
  /** e.g. `CPU` or `CUDA (NVIDIA H200)`. */
  readonly device: string;
  /** Why the requested device is not in use; null if it is. */
  readonly deviceNote: string | null;
  readonly gpuLayers: number;
  readonly totalLayers: number;
  readonly threads: number;
  readonly slots: number;
  /** Tokens per slot. */
  readonly contextTokens: number;
  readonly trainedContextTokens: number;
  readonly batchTokens: number;
  /** Jinja source; null if the GGUF has none, or none that can be parsed. */
  readonly chatTemplate: string | null;
  /** How the chat template treats each kind of conversation; null without one. */
  readonly templateTraits: TemplateTraits | null;
  /** Name of the tool call format; null without a chat template. */
  readonly toolFormat: string | null;
  /** Syntax in which it writes the arguments of tool calls. */
  readonly argumentSyntax: Syntax;
  /** Name of the reasoning format; null for a model without reasoning. */
  readonly reasoningFormat: string | null;
  /** Whether a request can switch reasoning on or set its effort. Other models always reason, or never. */
  readonly canSwitchReasoning: boolean;
  readonly vocabularySize: number;
  /** Whether it can rank documents. */
  readonly canRank: boolean;
  readonly modelBytes: number;
  /** The architecture's name, e.g. `llama`. */
  readonly family: string;
  readonly parameters: number;
  /** Quantization of most tensors, e.g. `Q4_K_M`; null if the GGUF does not name it. */
  readonly quantization: string | null;
  /** Whether it supports fill-in-the-middle. */
  readonly canInfill: boolean;
  readonly beginningText: string | null;
  readonly endText: string | null;
};
