// Reads an SSE answer with its comments and frames, and can disconnect early.

import { createParser, type EventSourceMessage } from "eventsource-parser";

type SseEvent =
  | { readonly type: "comment"; readonly text: string }
  | { readonly type: "frame"; readonly message: EventSourceMessage };

export type SseAnswer = {
  readonly response: Response;
  readonly events: AsyncGenerator<SseEvent, void, undefined>;
  readonly leave: () => void;
};

export async function postSse(
  url: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<SseAnswer> {
  const controller = new AbortController();
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
    signal: controller.signal,
  });
  return { response, events: readEvents(response), leave: () => controller.abort() };
}

export async function* readEvents(response: Response): AsyncGenerator<SseEvent, void, undefined> {
  const waiting: SseEvent[] = [];
  const parser = createParser({
    onEvent: (message) => waiting.push({ type: "frame", message }),
    onComment: (text) => waiting.push({ type: "comment", text }),
  });
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) {
    parser.feed(decoder.decode(bytes, { stream: true }));
    yield* waiting.splice(0);
  }
}

/** The whole stream: comments, parsed JSON chunks, whether `[DONE]` came, and the text of all deltas. */
export async function readAll({ events }: SseAnswer) {
  const comments: string[] = [];
  const chunks: ChatChunk[] = [];
  let isDone = false;
  for await (const event of events) {
    if (event.type === "comment") comments.push(event.text);
    else if (event.message.data === "[DONE]") isDone = true;
    else chunks.push(JSON.parse(event.message.data) as ChatChunk);
  }
  const text = chunks.map((chunk) => textOf(chunk)).join("");
  return { comments, chunks, isDone, text };
}

function textOf({ choices }: ChatChunk): string {
  const [choice] = choices ?? [];
  return choice?.delta?.content ?? choice?.text ?? "";
}

/** The fields of chunks and error events that tests use. */
type ChatChunk = {
  readonly id?: string;
  readonly model?: string;
  readonly choices?: readonly {
    readonly index: number;
    readonly delta?: { readonly role?: string; readonly content?: string };
    readonly text?: string;
    readonly finish_reason: string | null;
  }[];
  readonly usage?: { readonly completion_tokens: number; readonly prompt_tokens: number } | null;
  readonly timings?: Record<string, number | null>;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
  };
};

export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

export function chat(changes: object = {}): object {
  return { messages: [{ role: "user", content: "Hi" }], max_tokens: 16, ...changes };
}
