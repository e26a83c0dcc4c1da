// One streamed chat request, timed as a reader sees it.

import { createParser } from "eventsource-parser";

export type StreamOptions = {
  readonly url: string;
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  /** Exactly so many tokens are generated, unless the signal comes first. */
  readonly tokens: number;
  readonly signal?: AbortSignal;
  /** Called for every piece of text; what it returns is awaited, so that it can play a slow reader. */
  readonly onText?: () => Promise<void> | undefined;
};

export type StreamResult = {
  /** 200, or the status of a refusal. */
  readonly status: number;
  readonly isWhole: boolean;
  readonly tokens: number;
  readonly ttftMs: number;
  readonly totalMs: number;
  /** From each piece of text to the next. */
  readonly gapsMs: readonly number[];
  readonly cachedTokens: number;
};

type Chunk = {
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[];
  readonly usage?: {
    readonly completion_tokens: number;
    readonly prompt_tokens_details?: { readonly cached_tokens?: number };
  } | null;
};

export async function streamChat(options: StreamOptions): Promise<StreamResult> {
  const startedMs = performance.now();
  const marks: number[] = [];
  let usage: Chunk["usage"] = null;
  let isWhole = false;
  let status = 0;
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data === "[DONE]") {
        isWhole = true;
        return;
      }
      const chunk = JSON.parse(data) as Chunk;
      if (chunk.usage) usage = chunk.usage;
      if (chunk.choices?.[0]?.delta?.content) marks.push(performance.now());
    },
  });
  try {
    const response = await send(options);
    status = response.status;
    const decoder = new TextDecoder();
    for await (const bytes of response.body ?? []) {
      parser.feed(decoder.decode(bytes, { stream: true }));
      await options.onText?.();
    }
  } catch (error) {
    if (!options.signal?.aborted) throw error;
  }
  const counted = usage as Chunk["usage"]; // set in the callback, which the compiler does not follow
  return {
    status,
    isWhole,
    tokens: counted?.completion_tokens ?? marks.length,
    ttftMs: (marks[0] ?? Number.NaN) - startedMs,
    totalMs: performance.now() - startedMs,
    gapsMs: marks.slice(1).map((mark, index) => mark - (marks[index] ?? mark)),
    cachedTokens: counted?.prompt_tokens_details?.cached_tokens ?? 0,
  };
}

function send({ url, model, messages, tokens, signal }: StreamOptions): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer none" },
    body: JSON.stringify({
      model,
      messages,
      max_tokens: tokens,
      ignore_eos: true,
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
    }),
    ...(signal ? { signal } : {}),
  });
}

const WORDS =
  "stream queue token slot model server answer prompt cache reader writer batch step clock".split(
    " ",
  );

/** About so many tokens of plain words, different each time, so that no cache knows it. */
export function randomPrompt(words: number): string {
  return Array.from({ length: words }, () => WORDS[Math.floor(Math.random() * WORDS.length)]).join(
    " ",
  );
}
