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
  { lines, streamEvents }: Pick<Dialect, "lines" | "streamEvents">,
  identity: AnswerIdentity,
): Framing {
  if (!lines) return sseFraming(streamEvents?.heartbeat ?? null);
  return lineFraming((waitStatus) => lines.notice(waitStatus, identity));
}

/** @param heartbeat null to send a comment as heartbeat */
export function sseFraming(heartbeat: Frame | null): Framing {
  const comment = (text: string) => `${field("", text)}\n`;
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
    if (id !== undefined) text += `id: ${oneLine(id, "the id of an event")}\n`;
    if (event !== undefined) text += `event: ${oneLine(event, "the name of an event")}\n`;
    text += hasLineBreak(data) ? `${field("data", data)}\n` : `data: ${data}\n\n`;
  }
  return text;
}

/** Not a pattern: this runs for every token. */
function hasLineBreak(value: string): boolean {
  return value.includes("\n") || value.includes("\r");
}

/** One line of the stream for each line of the value: a line break written as it is would begin another field. */
function field(name: string, value: string): string {
  const lines = value.split(/\r\n|\r|\n/);
  return lines.map((line) => `${name}: ${line}\n`).join("");
}

const UNWRITABLE = /[\r\n\0]/;

/** @throws Error when an SSE line cannot hold it. No client chooses ids or names. */
function oneLine(value: string, subject: string): string {
  if (UNWRITABLE.test(value)) throw new Error(`${subject} has a line break or NUL in it`);
  return value;
}
