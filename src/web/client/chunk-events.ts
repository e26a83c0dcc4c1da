// Converts the chat completion chunks of the server's stream to events.

import type { AnswerStatistics, ChatFinishReason } from "../conversation/conversation.ts";
import type { AnswerEvent } from "./answer-event.ts";
import { failureFrom, ServerError } from "./server-error.ts";

/** The fields of a chunk that the page uses. */
type Chunk = {
  readonly error?: object;
  readonly model?: string;
  readonly choices?: readonly {
    readonly delta: {
      readonly content?: string | null;
      readonly reasoning_content?: string;
      readonly tool_calls?: readonly {
        readonly index: number;
        readonly id?: string;
        readonly function?: { readonly name?: string; readonly arguments?: string };
      }[];
    };
    readonly finish_reason: string | null;
  }[];
  readonly prompt_progress?: { readonly total: number; readonly processed: number };
  readonly timings?: Timings;
};

type Timings = {
  readonly queue_ms: number;
  readonly prefill_ms: number;
  readonly first_token_ms: number | null;
  readonly total_ms: number;
  readonly prompt_tokens: number;
  readonly cached_tokens: number;
  readonly generated_tokens: number;
  readonly seed?: number;
  readonly cache_miss?: {
    readonly reason: string;
    readonly missed_tokens: number;
    readonly part?: string;
    readonly message?: number;
  };
};

const REASONS: readonly string[] = ["stop", "length", "tool_calls"] satisfies ChatFinishReason[];

/** @param data data of one event other than `[DONE]`. @throws ServerError if the event is an error */
export function chunkEvents(data: string): readonly AnswerEvent[] {
  const chunk = JSON.parse(data) as Chunk; // the server belongs to this page
  if (chunk.error) throw new ServerError(failureFrom(chunk));
  const events: AnswerEvent[] = [];
  if (chunk.model) events.push({ type: "model", id: chunk.model });
  if (chunk.prompt_progress) {
    const { processed, total } = chunk.prompt_progress;
    events.push({ type: "reading", processed, total });
  }
  const [choice] = chunk.choices ?? [];
  if (!choice) return events;
  const { content, reasoning_content: reasoning, tool_calls: calls = [] } = choice.delta;
  if (reasoning) events.push({ type: "reasoning", text: reasoning });
  if (content) events.push({ type: "text", text: content });
  for (const { index, id, function: called } of calls)
    events.push({ type: "tool-call", index, delta: { ...(id ? { id } : {}), ...called } });
  if (choice.finish_reason !== null) {
    const reason = asFinishReason(choice.finish_reason);
    events.push({ type: "finish", reason, numbers: statisticsFrom(chunk.timings) });
  }
  return events;
}

function statisticsFrom(timings: Timings | undefined): AnswerStatistics | null {
  if (!timings) return null;
  return {
    queueMs: timings.queue_ms,
    prefillMs: timings.prefill_ms,
    firstTokenMs: timings.first_token_ms,
    totalMs: timings.total_ms,
    promptTokens: timings.prompt_tokens,
    cachedTokens: timings.cached_tokens,
    generatedTokens: timings.generated_tokens,
    seed: timings.seed ?? null,
    ...(timings.cache_miss ? { cacheMiss: missFrom(timings.cache_miss) } : {}),
  };
}

function missFrom({ reason, missed_tokens, part, message }: NonNullable<Timings["cache_miss"]>) {
  return { tokens: missed_tokens, cause: part ?? reason, message: message ?? null };
}

function asFinishReason(text: string): ChatFinishReason {
  return REASONS.includes(text) ? (text as ChatFinishReason) : "stop";
}
