// Sends one streamed chat request and measures its times at the reader.

import type { ClientRequest, IncomingMessage } from "node:http";
import { createParser, type EventSourceParser } from "eventsource-parser";
import { type ChatOptions, sendChat } from "./chat-request.ts";

export type StreamOptions = Omit<ChatOptions, "isStreamed"> & {
  /** Aborts the request. */
  readonly signal?: AbortSignal;
  /** A stream that takes longer counts as hung. */
  readonly limitMs?: number;
};

/** `refused`: with 429 or 503. `aborted`: by our own signal. `broken`: any other end before `[DONE]`. */
export type Outcome = "complete" | "refused" | "aborted" | "broken" | "hung";

export type StreamResult = {
  readonly outcome: Outcome;
  /** 0 without a response. */
  readonly status: number;
  readonly text: string;
  readonly tokens: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  /** To the first text, reasoning or tool call. */
  readonly ttftMs: number;
  readonly totalMs: number;
  /** How long the server wrote the answer, if it says so. */
  readonly decodeMs: number | null;
  /** Arrival times of the text deltas, from `performance.now()`. */
  readonly textAtMs: readonly number[];
};

type Usage = {
  readonly completion_tokens: number;
  readonly prompt_tokens: number;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number };
};
type Delta = {
  readonly content?: string | null;
  readonly reasoning_content?: string | null;
  readonly tool_calls?: readonly object[] | null;
};
type Chunk = {
  readonly choices?: readonly { readonly delta?: Delta }[];
  readonly usage?: Usage | null;
  /** In the last chunk: llama.cpp's own counts and times, and Sluice's times. */
  readonly timings?: {
    readonly cache_n?: number;
    readonly prompt_n?: number;
    readonly predicted_ms?: number;
    readonly first_token_ms?: number | null;
    readonly total_ms?: number;
  };
};

const LIMIT_MS = 180_000;

/** Never rejects: the result includes how the stream ended. */
export function streamChat(options: StreamOptions): Promise<StreamResult> {
  const { signal, limitMs = LIMIT_MS } = options;
  const reading = new Reading();
  const request = sendChat({ ...options, isStreamed: true });
  const leave = () => reading.leave("aborted", request);
  const limit = setTimeout(() => reading.leave("hung", request), limitMs);
  signal?.addEventListener("abort", leave, { once: true });
  if (signal?.aborted) leave();
  request.on("response", (response) => reading.read(response, request));
  request.on("error", () => {}); // `close` follows; without `[DONE]` the stream counts as broken
  return new Promise((resolve) => {
    request.once("close", () => {
      clearTimeout(limit);
      signal?.removeEventListener("abort", leave);
      resolve(reading.result());
    });
  });
}

/**
 * Waits for streams that must all be complete, because otherwise their times mean nothing. @throws Error that says how the
 * others ended
 */
export async function allComplete(streams: readonly Promise<StreamResult>[]) {
  const results = await Promise.all(streams);
  const lost = results.filter(({ outcome }) => outcome !== "complete");
  if (lost.length === 0) return results;
  const reasons = new Set(lost.map(({ outcome, status }) => `${outcome} with status ${status}`));
  throw new Error(
    `${lost.length} of ${results.length} answers are incomplete: ${[...reasons].join(", ")}`,
  );
}

class Reading {
  readonly #startedMs = performance.now();
  readonly #textAtMs: number[] = [];
  readonly #parser: EventSourceParser;
  #text = "";
  #firstAtMs = Number.NaN;
  #usage: Usage | null = null;
  #timings: Chunk["timings"];
  #status = 0;
  #isComplete = false;
  #endedBy: "aborted" | "hung" | null = null;

  constructor() {
    this.#parser = createParser({ onEvent: ({ data }) => this.#receive(data) });
  }

  /** An answer that is no stream of chunks ends the request: it counts as broken. */
  read(response: IncomingMessage, request: ClientRequest): void {
    this.#status = response.statusCode ?? 0;
    response.setEncoding("utf8");
    response.on("data", (text: string) => {
      try {
        this.#parser.feed(text);
      } catch {
        request.destroy();
      }
    });
    response.on("error", () => {}); // handled like an error of the request
  }

  leave(as: "aborted" | "hung", request: ClientRequest): void {
    this.#endedBy = as;
    request.destroy();
  }

  result(): StreamResult {
    return {
      outcome: this.#outcome(),
      status: this.#status,
      text: this.#text,
      tokens: this.#usage?.completion_tokens ?? this.#textAtMs.length,
      promptTokens: this.#usage?.prompt_tokens ?? 0,
      cachedTokens: this.#cachedTokens(),
      ttftMs: this.#firstAtMs - this.#startedMs,
      totalMs: performance.now() - this.#startedMs,
      decodeMs: this.#decodeMs(),
      textAtMs: this.#textAtMs,
    };
  }

  #cachedTokens(): number {
    const { prompt_tokens = 0, prompt_tokens_details } = this.#usage ?? {};
    const { prompt_n = prompt_tokens, cache_n = prompt_tokens - prompt_n } = this.#timings ?? {};
    return prompt_tokens_details?.cached_tokens ?? cache_n;
  }

  #decodeMs(): number | null {
    const { predicted_ms = null, first_token_ms = null, total_ms = null } = this.#timings ?? {};
    if (predicted_ms !== null) return predicted_ms;
    return total_ms === null || first_token_ms === null ? null : total_ms - first_token_ms;
  }

  #outcome(): Outcome {
    if (this.#isComplete) return "complete";
    if (this.#endedBy) return this.#endedBy;
    return this.#status === 429 || this.#status === 503 ? "refused" : "broken";
  }

  #receive(data: string): void {
    if (data === "[DONE]") {
      this.#isComplete = true;
      return;
    }
    const chunk = JSON.parse(data) as Chunk;
    if (chunk.usage) this.#usage = chunk.usage;
    if (chunk.timings) this.#timings = chunk.timings;
    const delta = chunk.choices?.[0]?.delta;
    const { content } = delta ?? {};
    const isFirst = Number.isNaN(this.#firstAtMs);
    if (isFirst && (content || delta?.reasoning_content || delta?.tool_calls?.length))
      this.#firstAtMs = performance.now();
    if (!content) return;
    this.#text += content;
    this.#textAtMs.push(performance.now());
  }
}
