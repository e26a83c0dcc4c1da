// One streamed chat, timed as a reader sees it.

import type { ClientRequest, IncomingMessage } from "node:http";
import { createParser, type EventSourceParser } from "eventsource-parser";
import { type ChatOptions, sendChat } from "./chat-request.ts";

export type StreamOptions = Omit<ChatOptions, "isStreamed"> & {
  /** Leaves when it is aborted. */
  readonly signal?: AbortSignal;
  /** A stream that has not ended by then counts as hung. */
  readonly limitMs?: number;
};

/** `refused`: with 429 or 503. `left`: by our own signal. `broken`: any other end before `[DONE]`. */
export type Outcome = "whole" | "refused" | "left" | "broken" | "hung";

export type StreamResult = {
  readonly outcome: Outcome;
  /** 0 without an answer. */
  readonly status: number;
  readonly text: string;
  readonly tokens: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly ttftMs: number;
  readonly totalMs: number;
  /** When each piece of text came, `performance.now()`. */
  readonly textAtMs: readonly number[];
};

type Usage = {
  readonly completion_tokens: number;
  readonly prompt_tokens: number;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number };
};
type Chunk = {
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[];
  readonly usage?: Usage | null;
};

const LIMIT_MS = 180_000;

/** Never rejects: how it ended is part of the result. */
export function streamChat(options: StreamOptions): Promise<StreamResult> {
  const { signal, limitMs = LIMIT_MS } = options;
  const reading = new Reading();
  const request = sendChat({ ...options, isStreamed: true });
  const leave = () => reading.leave("left", request);
  const limit = setTimeout(() => reading.leave("hung", request), limitMs);
  signal?.addEventListener("abort", leave, { once: true });
  if (signal?.aborted) leave();
  request.on("response", (response) => reading.read(response));
  request.on("error", () => {}); // `close` follows, and without `[DONE]` it is a broken stream
  return new Promise((resolve) => {
    request.once("close", () => {
      clearTimeout(limit);
      signal?.removeEventListener("abort", leave);
      resolve(reading.result());
    });
  });
}

/** Streams at once that must all be whole, or their times mean nothing. @throws Error that says what became of them */
export async function allWhole(streams: readonly Promise<StreamResult>[]) {
  const results = await Promise.all(streams);
  const lost = results.filter(({ outcome }) => outcome !== "whole");
  if (lost.length === 0) return results;
  const reasons = new Set(lost.map(({ outcome, status }) => `${outcome} with status ${status}`));
  throw new Error(
    `${lost.length} of ${results.length} answers did not come whole: ${[...reasons].join(", ")}`,
  );
}

class Reading {
  readonly #startedMs = performance.now();
  readonly #textAtMs: number[] = [];
  readonly #parser: EventSourceParser;
  #text = "";
  #usage: Usage | null = null;
  #status = 0;
  #isWhole = false;
  #left: "left" | "hung" | null = null;

  constructor() {
    this.#parser = createParser({ onEvent: ({ data }) => this.#receive(data) });
  }

  read(response: IncomingMessage): void {
    this.#status = response.statusCode ?? 0;
    response.setEncoding("utf8");
    response.on("data", (text: string) => this.#parser.feed(text));
    response.on("error", () => {}); // as of the request
  }

  leave(as: "left" | "hung", request: ClientRequest): void {
    this.#left = as;
    request.destroy();
  }

  result(): StreamResult {
    return {
      outcome: this.#outcome(),
      status: this.#status,
      text: this.#text,
      tokens: this.#usage?.completion_tokens ?? this.#textAtMs.length,
      promptTokens: this.#usage?.prompt_tokens ?? 0,
      cachedTokens: this.#usage?.prompt_tokens_details?.cached_tokens ?? 0,
      ttftMs: (this.#textAtMs[0] ?? Number.NaN) - this.#startedMs,
      totalMs: performance.now() - this.#startedMs,
      textAtMs: this.#textAtMs,
    };
  }

  #outcome(): Outcome {
    if (this.#isWhole) return "whole";
    if (this.#left) return this.#left;
    return this.#status === 429 || this.#status === 503 ? "refused" : "broken";
  }

  #receive(data: string): void {
    if (data === "[DONE]") {
      this.#isWhole = true;
      return;
    }
    const chunk = JSON.parse(data) as Chunk;
    if (chunk.usage) this.#usage = chunk.usage;
    const content = chunk.choices?.[0]?.delta?.content;
    if (!content) return;
    this.#text += content;
    this.#textAtMs.push(performance.now());
  }
}
