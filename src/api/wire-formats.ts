// All wire formats. A line here mounts a format and adds it to the OpenAPI document.

import { anthropicCountTokens } from "./anthropic/count-tokens.ts";
import { anthropicMessages } from "./anthropic/messages.ts";
import type { Dialect } from "./dialect.ts";
import type { EmbeddingApi } from "./embedding-api.ts";
import type { Endpoint } from "./endpoint.ts";
import { geminiCountTokens } from "./gemini/count-tokens.ts";
import { geminiGenerate, geminiStream } from "./gemini/generate.ts";
import { nativeCompletion } from "./llama-cpp/completion.ts";
import { nativeInfill } from "./llama-cpp/infill.ts";
import { nativeApplyTemplate } from "./llama-cpp/template.ts";
import { nativeDetokenize, nativeTokenize } from "./llama-cpp/tokens.ts";
import { ollamaChat } from "./ollama/chat.ts";
import { olderOllamaEmbeddings, ollamaEmbed } from "./ollama/embed.ts";
import { ollamaGenerate } from "./ollama/generate.ts";
import { openaiChat } from "./openai/chat.ts";
import { openaiCompletions } from "./openai/completions.ts";
import { openaiEmbeddings } from "./openai/embeddings.ts";
import { chatInputTokens, responsesInputTokens } from "./openai/input-tokens.ts";
import { rerank } from "./openai/rerank.ts";
import { openaiResponses } from "./responses/responses.ts";

/** Formats that generate text. */
export const DIALECTS: readonly Dialect[] = [
  openaiChat,
  openaiCompletions,
  openaiResponses,
  anthropicMessages,
  geminiGenerate,
  geminiStream,
  nativeCompletion,
  nativeInfill,
  ollamaChat,
  ollamaGenerate,
];

/** Routes that ask the engine a question. */
export const ENDPOINTS: readonly Endpoint[] = [
  chatInputTokens,
  responsesInputTokens,
  anthropicCountTokens,
  geminiCountTokens,
  nativeTokenize,
  nativeDetokenize,
  nativeApplyTemplate,
];

/** Formats whose requests go to the embedding worker. */
export const EMBEDDING_APIS: readonly EmbeddingApi[] = [
  openaiEmbeddings,
  rerank,
  ollamaEmbed,
  olderOllamaEmbeddings,
];
