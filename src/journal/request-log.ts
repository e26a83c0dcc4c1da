// The log line of each ended request, and another one with the stack for a bug. Never a prompt, an answer or a key.

import { type ServiceError, stackOf } from "../errors.ts";
import { type LoggedMiss, placeOfChange } from "../generation/cache-miss.ts";
import type { Logger } from "../log.ts";
import type { AnswerWork, EmbeddingWork, EndedRequest, JournalReader } from "./journal.ts";

export function requestLog(log: Logger): JournalReader {
  return (ended) => {
    const { requestId, path, status, outcome, key, client, failure, trace, work } = ended;
    const traced = trace ? { traceId: trace.traceId } : {};
    const line = { requestId, ...traced, path, status, outcome, key, client, ...fieldsOf(work) };
    const level = levelOf(failure);
    const reason = failure && hasReason(ended) ? { reason: failure.message } : {};
    log[level]({ ...line, ...reason }, "request");
    if (failure?.code === "internal_error")
      log.error({ requestId, stack: stackOf(failure.cause) }, "bug");
  };
}

function levelOf(failure: ServiceError | null): "info" | "warn" | "error" {
  const status = failure?.traits.status ?? 200;
  if (status === 500) return "error";
  return status > 500 ? "warn" : "info";
}

/** The message of a 403 names the setting to change. Messages of other refusals may quote the request. */
function hasReason({ failure, work }: EndedRequest): boolean {
  const status = failure?.traits.status ?? 200;
  return status >= 500 || (status === 403 && work === null);
}

function fieldsOf(work: AnswerWork | EmbeddingWork | null): object {
  if (work === null) return {};
  return work.type === "answer" ? answerFields(work) : embeddingFields(work);
}

function answerFields({ model, isStreamed, receipt, miss }: AnswerWork) {
  const { usage, queueMs, prefillMs, firstTokenMs, totalMs } = receipt;
  return {
    model,
    streamed: isStreamed,
    tokensIn: usage.promptTokens,
    tokensCached: usage.cachedTokens,
    tokensOut: usage.completionTokens,
    ...(miss ? missFields(miss) : {}),
    queueMs: Math.round(queueMs),
    prefillMs: Math.round(prefillMs),
    ttftMs: firstTokenMs === null ? null : Math.round(firstTokenMs),
    totalMs: Math.round(totalMs),
  };
}

function embeddingFields({ model, inputs, promptTokens, queueMs, totalMs }: EmbeddingWork) {
  return {
    model,
    inputs,
    tokensIn: promptTokens,
    queueMs: Math.round(queueMs),
    totalMs: Math.round(totalMs),
  };
}

/** Never the hashes: only counts and the place of the change. */
function missFields({ reason, missedTokens, sharedTokens, change }: LoggedMiss) {
  return {
    cacheMiss: reason,
    tokensMissed: missedTokens,
    tokensShared: sharedTokens,
    ...(change ? { changedIn: placeOfChange(change) } : {}),
  };
}
