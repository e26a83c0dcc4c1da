// Encodes frames as the bytes of a stream: server-sent events, or lines of JSON, which have no comments.
// Formats: https://html.spec.whatwg.org/multipage/server-sent-events.html , https://github.com/ndjson/ndjson-spec

import type { AnswerIdentity, Dialect, Frame } from "../../api/dialect.ts";

export interface Framing {
  readonly contentType: string;
  encode(frames: readonly Frame[]): string;
  /** The first bytes of a stream; may be empty. */
  opening(heartbeatMs: number): string;
  waitStatus(text: string): string;
  /** Sent when nothing else was for a while. @param lastStatus the last wait status; null if there is none */
  heartbeat(lastStatus: string | null): string;
}

export function framingOf(
  { lines, named }: Pick<Dialect, "lines" | "named">,
  identity: AnswerIdentity,
): Framing {
  if (!lines) return sseFraming(named?.heartbeat ?? null);
  return lineFraming((waitStatus) => lines.notice(waitStatus, identity));
}

/** @param heartbeat null to send a comment as heartbeat */
export function sseFraming(heartbeat: Frame | null): Framing {
  const comment = (text: string) => `: ${text}\n\n`;
  return {
    contentType: "text/event-stream; charset=utf-8",
    encode: encodeEvents,
    opening: (heartbeatMs) => comment(`connected heartbeat_ms=${heartbeatMs}`),
    waitStatus: comment,
    heartbeat: (lastStatus) =>
      heartbeat ? encodeEvents([heartbeat]) : comment(lastStatus ?? "heartbeat"),
  };
}

function lineFraming(notice: (waitStatus: string | null) => Frame): Framing {
  const line = ({ data }: Frame) => `${data}\n`;
  return {
    contentType: "application/x-ndjson",
    encode: (frames) => frames.map(line).join(""),
    opening: () => "",
    waitStatus: (text) => line(notice(text)),
    heartbeat: (lastStatus) => line(notice(lastStatus)),
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
