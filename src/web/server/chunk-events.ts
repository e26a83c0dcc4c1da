// One frame of the server's stream in the page's words: chunks of chat completions, and comments about the wait.

import type { FinishReason, Numbers } from "../conversation/conversation.ts";
import type { AnswerEvent } from "./answer-event.ts";
import { failureIn, ServerError } from "./server-error.ts";

/** What the page reads of a chunk. */
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
};

const REASONS: readonly string[] = ["stop", "length", "tool_calls"] satisfies FinishReason[];

/** @param data of one event, but for `[DONE]`. @throws ServerError that the server sent instead of the rest */
export function chunkEvents(data: string): readonly AnswerEvent[] {
  const chunk = JSON.parse(data) as Chunk; // our own server's
  if (chunk.error) throw new ServerError(failureIn(chunk));
  const events: AnswerEvent[] = [];
  if (chunk.model) events.push({ type: "model", id: chunk.model });
  if (chunk.prompt_progress) {
    const { processed, total } = chunk.prompt_progress;
    events.push({ type: "reading", processed, total });
  }
  const [choice] = chunk.choices ?? [];
  if (!choice) return events;
  const { content, reasoning_content: thought, tool_calls: calls = [] } = choice.delta;
  if (thought) events.push({ type: "thought", text: thought });
  if (content) events.push({ type: "text", text: content });
  for (const { index, id, function: called } of calls)
    events.push({ type: "call", index, part: { ...(id ? { id } : {}), ...called } });
  if (choice.finish_reason !== null) {
    const reason = asReason(choice.finish_reason);
    events.push({ type: "finish", reason, numbers: numbersOf(chunk.timings) });
  }
  return events;
}

/** As docs/api.md has them under "Answers". */
export function commentEvents(comment: string): readonly AnswerEvent[] {
  const [what] = comment.trim().split(" ", 1);
  const number = (name: string) => {
    const text = new RegExp(`${name}=([\\d.]+)`).exec(comment)?.[1];
    return text === undefined ? null : Number(text);
  };
  switch (what) {
    case "queued":
      return [{ type: "queued", position: number("position") ?? 1, etaMs: number("eta_ms") }];
    case "loading":
      return [{ type: "loading", progress: number("progress") }];
    case "restarting":
      return [{ type: "restarting" }];
    default:
      return []; // connected, a heartbeat, or a proxy's own
  }
}

/** The numbers of a body or of a chunk. */
function numbersOf(timings: Timings | undefined): Numbers | null {
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
  };
}

function asReason(text: string): FinishReason {
  return REASONS.includes(text) ? (text as FinishReason) : "stop";
}
