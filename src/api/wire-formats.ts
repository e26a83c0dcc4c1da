// Every wire format there is: a new one is one line here, and then has its path and its place in the document.

import { anthropicCountTokens } from "./anthropic/count-tokens.ts";
import { anthropicMessages } from "./anthropic/messages.ts";
import type { Dialect } from "./dialect.ts";
import type { EmbeddingApi } from "./embedding-api.ts";
import type { Endpoint } from "./endpoint.ts";
import { geminiCountTokens } from "./gemini/count-tokens.ts";
import { geminiGenerate, geminiStream } from "./gemini/generate.ts";
import { nativeInfill } from "./llama-cpp/infill.ts";
import { chatInputTokens, nativeApplyTemplate } from "./llama-cpp/template.ts";
import { nativeDetokenize, nativeTokenize } from "./llama-cpp/tokens.ts";
import { ollamaChat } from "./ollama/chat.ts";
import { olderOllamaEmbeddings, ollamaEmbed } from "./ollama/embed.ts";
import { ollamaGenerate } from "./ollama/generate.ts";
import { openaiChat } from "./openai/chat.ts";
import { openaiCompletions } from "./openai/completions.ts";
import { openaiEmbeddings } from "./openai/embeddings.ts";
import { rerank } from "./openai/rerank.ts";
import { responsesInputTokens } from "./responses/input-tokens.ts";
import { openaiResponses } from "./responses/responses.ts";

/** What generates. */
export const DIALECTS: readonly Dialect[] = [
  openaiChat,
  openaiCompletions,
  openaiResponses,
  anthropicMessages,
  geminiGenerate,
  geminiStream,
  nativeInfill,
  ollamaChat,
  ollamaGenerate,
];

/** What only asks the model. */
export const ENDPOINTS: readonly Endpoint[] = [
  chatInputTokens,
  responsesInputTokens,
  anthropicCountTokens,
  geminiCountTokens,
  nativeTokenize,
  nativeDetokenize,
  nativeApplyTemplate,
];

/** What a model of its own computes. */
export const EMBEDDING_APIS: readonly EmbeddingApi[] = [
  openaiEmbeddings,
  rerank,
  ollamaEmbed,
  olderOllamaEmbeddings,
];
