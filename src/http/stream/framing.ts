// Encodes frames as the bytes of a stream: server-sent events, or lines of JSON, which have no comments.
// Formats: https://html.spec.whatwg.org/multipage/server-sent-events.html , https://github.com/ndjson/ndjson-spec

import type { AnswerIdentity, Dialect, Frame } from "../../api/dialect.ts";
import type { WaitingStatus } from "../../generation/wait-status.ts";

export interface Framing {
  readonly contentType: string;
  encode(frames: readonly Frame[]): string;
  /** The first bytes of a stream; may be empty. */
  opening(heartbeatMs: number): string;
  waitStatus(status: WaitingStatus): string;
  /** Sent when nothing else was for a while. @param lastStatus the last wait status; null if there is none */
  heartbeat(lastStatus: WaitingStatus | null): string;
}

export function framingOf(
  { lines, streamEvents }: Pick<Dialect, "lines" | "streamEvents">,
  identity: AnswerIdentity,
): Framing {
  if (!lines) return sseFraming(streamEvents?.heartbeat ?? null);
  return lineFraming((status) => lines.notice(status, identity));
}

/** @param heartbeat null to send a comment as heartbeat */
export function sseFraming(heartbeat: Frame | null): Framing {
  const comment = (text: string) => `: ${text}\n\n`;
  return {
    contentType: "text/event-stream; charset=utf-8",
    encode: encodeEvents,
    opening: (heartbeatMs) => comment(`connected heartbeat_ms=${heartbeatMs}`),
    waitStatus: (status) => comment(commentOf(status)),
    heartbeat: (lastStatus) =>
      heartbeat
        ? encodeEvents([heartbeat])
        : comment(lastStatus ? commentOf(lastStatus) : "heartbeat"),
  };
}

/** e.g. `queued position=3 eta_ms=4200` or `loading progress=0.42` */
function commentOf(status: WaitingStatus): string {
  if (status.type === "loading") return `${status.state} progress=${status.progress.toFixed(2)}`;
  const { position, etaMs } = status;
  return `queued position=${position}${etaMs === null ? "" : ` eta_ms=${etaMs}`}`;
}

function lineFraming(notice: (status: WaitingStatus | null) => Frame): Framing {
  const line = ({ data }: Frame) => `${data}\n`;
  return {
    contentType: "application/x-ndjson",
    encode: (frames) => frames.map(line).join(""),
    opening: () => "",
    waitStatus: (status) => line(notice(status)),
    heartbeat: (lastStatus) => line(notice(lastStatus)),
  };
}

function encodeEvents(frames: readonly Frame[]): string {
  let text = "";
  for (const { event, id, data } of frames) {
    if (id !== undefined) text += `id: ${oneLine(id, "the id of an event")}\n`;
    if (event !== undefined) text += `event: ${oneLine(event, "the name of an event")}\n`;
    text += hasLineBreak(data) ? `${dataLines(data)}\n` : `data: ${data}\n\n`;
  }
  return text;
}

/** Not a pattern: this runs for every token. */
function hasLineBreak(value: string): boolean {
  return value.includes("\n") || value.includes("\r");
}

/** One line of the stream for each line of the data: a line break written as it is would begin another field. */
function dataLines(data: string): string {
  const lines = data.split(/\r\n|\r|\n/);
  return lines.map((line) => `data: ${line}\n`).join("");
}

const UNWRITABLE = /[\r\n\0]/;

/** @throws Error when an SSE line cannot hold it. No client chooses ids or names. */
function oneLine(value: string, subject: string): string {
  if (UNWRITABLE.test(value)) throw new Error(`${subject} has a line break or NUL in it`);
  return value;
}
