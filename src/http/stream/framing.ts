// How frames become the bytes of a stream: server-sent events, or a line of JSON for each, which has no room for comments.
// Formats: https://html.spec.whatwg.org/multipage/server-sent-events.html , https://github.com/ndjson/ndjson-spec

import type { AnswerIdentity, Dialect, Frame } from "../../api/dialect.ts";

export interface Framing {
  readonly contentType: string;
  encode(frames: readonly Frame[]): string;
  /** At the beginning of a stream; empty where there is nothing to say. */
  opening(heartbeatMs: number): string;
  /** What a waiting client is told. */
  news(text: string): string;
  /** Into a silence. @param lastNews null when there are none */
  heartbeat(lastNews: string | null): string;
}

export function framingOf(
  { lines, streamEvents }: Pick<Dialect, "lines" | "streamEvents">,
  identity: AnswerIdentity,
): Framing {
  if (!lines) return sseFraming(streamEvents?.heartbeat ?? null);
  return lineFraming((news) => lines.notice(news, identity));
}

/** @param heartbeat null for a comment */
export function sseFraming(heartbeat: Frame | null): Framing {
  const comment = (text: string) => `: ${text}\n\n`;
  return {
    contentType: "text/event-stream; charset=utf-8",
    encode: encodeEvents,
    opening: (heartbeatMs) => comment(`connected heartbeat_ms=${heartbeatMs}`),
    news: comment,
    heartbeat: (lastNews) =>
      heartbeat ? encodeEvents([heartbeat]) : comment(lastNews ?? "heartbeat"),
  };
}

function lineFraming(notice: (news: string | null) => Frame): Framing {
  const line = ({ data }: Frame) => `${data}\n`;
  return {
    contentType: "application/x-ndjson",
    encode: (frames) => frames.map(line).join(""),
    opening: () => "",
    news: (text) => line(notice(text)),
    heartbeat: (lastNews) => line(notice(lastNews)),
  };
}

function encodeEvents(frames: readonly Frame[]): string {
  let text = "";
  for (const { event, id, data } of frames) {
    if (id !== undefined) text += `id: ${id}\n`;
    if (event !== undefined) text += `event: ${event}\n`;
    text += `data: ${data}\n\n`;
  }
  return text;
}
