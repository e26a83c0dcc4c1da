// What the spans and metrics of OpenTelemetry say about an ended request, by its semantic conventions for generative AI, version
// 1.41.0. Never a prompt, an answer or a key. Pure.

import type { AnswerWork, EmbeddingWork, EndedRequest } from "../journal/journal.ts";

/** The version whose names are used here; an index of its attributes is at this address. */
export const SCHEMA_URL = "https://opentelemetry.io/schemas/1.41.0";
const PROVIDER = "sluice";

export type Attributes = Readonly<Record<string, string | number | boolean | string[]>>;

/** A part of a request's time: from and to, in ms since its arrival. */
type RequestPhase = {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
};

export type SpanFacts = {
  readonly name: string;
  readonly attributes: Attributes;
  readonly isServerError: boolean;
  readonly phases: readonly RequestPhase[];
};

export function spanFacts(request: EndedRequest): SpanFacts {
  const { work, failure, status, trace } = request;
  const method = trace?.method ?? "HTTP";
  return {
    name: work ? nameOf(work, request.path) : method,
    attributes: {
      "http.request.method": method,
      "http.response.status_code": status,
      ...(work && request.path ? { "http.route": request.path } : {}),
      "sluice.request_id": request.requestId,
      ...(failure ? { "error.type": failure.code } : {}),
      ...(work ? modelAttributes(work, request.path) : {}),
      ...(work ? usageAttributes(work, request) : {}),
    },
    isServerError: (failure?.traits.status ?? 0) >= 500,
    phases: work?.type === "answer" ? phasesOf(work) : [],
  };
}

/** The attributes of metrics: each has few values. */
export function metricAttributes({ work, path, failure }: EndedRequest): Attributes | null {
  if (!work || work.model === null) return null;
  return {
    ...modelAttributes(work, path),
    ...(failure ? { "error.type": failure.code } : {}),
  };
}

function nameOf(work: AnswerWork | EmbeddingWork, path: string | null): string {
  const operation = operationOf(work, path);
  return work.model === null ? operation : `${operation} ${work.model}`;
}

function modelAttributes(work: AnswerWork | EmbeddingWork, path: string | null): Attributes {
  const { model, servedModel } = work;
  return {
    "gen_ai.operation.name": operationOf(work, path),
    "gen_ai.provider.name": PROVIDER,
    ...(model === null ? {} : { "gen_ai.request.model": model }),
    ...(servedModel === null ? {} : { "gen_ai.response.model": servedModel }),
  };
}

function usageAttributes(
  work: AnswerWork | EmbeddingWork,
  { failure, outcome }: EndedRequest,
): Attributes {
  if (work.type === "embedding") return { "gen_ai.usage.input_tokens": work.promptTokens };
  if (!work.isPrepared) return {};
  const { promptTokens, cachedTokens, completionTokens } = work.receipt.usage;
  return {
    "gen_ai.usage.input_tokens": promptTokens,
    "gen_ai.usage.output_tokens": completionTokens,
    "gen_ai.usage.cache_read.input_tokens": cachedTokens,
    ...(failure ? {} : { "gen_ai.response.finish_reasons": [outcome] }),
  };
}

/** The well-known values of the conventions; reranking has none. */
function operationOf(work: AnswerWork | EmbeddingWork, path: string | null): string {
  const route = path ?? "";
  if (work.type === "embedding") return route.includes("rerank") ? "rerank" : "embeddings";
  if (/generateContent/i.test(route)) return "generate_content";
  const isCompletion = /(^|\/)(completions?|infill|api\/generate)$/.test(route);
  return isCompletion && !route.endsWith("chat/completions") ? "text_completion" : "chat";
}

/** Without a first token it is not known how the time was spent. */
function phasesOf({ isPrepared, receipt }: AnswerWork): readonly RequestPhase[] {
  const { queueMs, prefillMs, firstTokenMs, totalMs } = receipt;
  if (!isPrepared || firstTokenMs === null) return [];
  const readingMs = Math.max(0, firstTokenMs - prefillMs);
  const waitingMs = Math.max(0, readingMs - queueMs);
  return [
    { name: "prepare", fromMs: 0, toMs: waitingMs },
    { name: "queue", fromMs: waitingMs, toMs: readingMs },
    { name: "prefill", fromMs: readingMs, toMs: firstTokenMs },
    { name: "decode", fromMs: firstTokenMs, toMs: Math.max(firstTokenMs, totalMs) },
  ];
}
