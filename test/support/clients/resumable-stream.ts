// A client of resumable streams: reads some events, cuts its connection, and reconnects.

import { EventSourceParserStream } from "eventsource-parser/stream";

export type StreamEvent = {
  readonly id?: string | undefined;
  readonly event?: string | undefined;
  readonly data: string;
};

export type OpenedStream = {
  readonly response: Response;
  /** Where the stream can be continued; empty for one that cannot. */
  readonly location: string;
  readonly leave: () => void;
};

export async function openStream(url: string, init: RequestInit = {}): Promise<OpenedStream> {
  const controller = new AbortController();
  const response = await fetch(url, { ...init, signal: controller.signal });
  const location = response.headers.get("location") ?? "";
  return { response, location, leave: () => controller.abort() };
}

export function postStream(
  url: string,
  body: object,
  headers: Record<string, string>,
): Promise<OpenedStream> {
  return openStream(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

/** @param after id of the last event that was received */
export function reopenStream(
  url: string,
  after: string | undefined,
  headers: Record<string, string> = {},
): Promise<OpenedStream> {
  return openStream(url, { headers: { ...headers, ...(after ? { "last-event-id": after } : {}) } });
}

/** Its events, up to this number or all; then the connection is cut. Rejects if the connection breaks. */
export async function readEvents(
  { response, leave }: OpenedStream,
  most = Number.POSITIVE_INFINITY,
): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  const parsed = response.body
    ?.pipeThrough(new TextDecoderStream() as never)
    .pipeThrough(new EventSourceParserStream());
  for await (const event of parsed ?? []) {
    events.push(event as StreamEvent);
    if (events.length >= most) break;
  }
  leave();
  return events;
}
