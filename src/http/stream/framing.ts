// The formats of a stream: server-sent events, lines of JSON, a JSON array, and (in websocket/) messages of a WebSocket.
// https://html.spec.whatwg.org/multipage/server-sent-events.html , https://github.com/ndjson/ndjson-spec

import type { Response } from "express";
import type { Frame } from "../../api/dialect.ts";
import type { WaitingStatus } from "../../generation/wait-status.ts";
import { localsOf } from "../server/response-locals.ts";
import type { StreamFormat } from "./stream-format.ts";

/** Frames that some APIs send in place of comments while a stream waits. */
export type WaitingFrames = {
  /** The wait status as a line of JSON, or a mere keep-alive (null), for an API whose streams are lines of JSON. */
  readonly notice?: ((status: WaitingStatus | null) => Frame) | undefined;
  readonly heartbeat?: Frame | undefined;
};

/** The format of one stream, with the wait status and heartbeats as its API has them. */
export type Framing = StreamFormat & {
  readonly waitStatus: (status: WaitingStatus) => string;
  /** Sent when nothing else was for a while. @param lastStatus the last wait status; null if there is none */
  readonly heartbeat: (lastStatus: WaitingStatus | null) => string;
};

/** A stream over a WebSocket has the format that its response names; every other one that of its API. */
export function framingOf(res: Response, frames: WaitingFrames = {}): Framing {
  return framingIn(localsOf(res).streamFormat ?? (frames.notice ? JSON_LINES : SSE), frames);
}

export function framingIn(format: StreamFormat, { notice, heartbeat }: WaitingFrames): Framing {
  const said = (status: WaitingStatus | null) =>
    notice ? format.encode([notice(status)]) : format.comment(status);
  return {
    ...format,
    ...(notice ? { eventIds: "none" as const } : {}),
    waitStatus: said,
    heartbeat: (lastStatus) => (heartbeat ? format.encode([heartbeat]) : said(lastStatus)),
  };
}

export const SSE: StreamFormat = {
  contentType: "text/event-stream; charset=utf-8",
  eventIds: "usual",
  encode: encodeEvents,
  opening: (heartbeatMs) => `: connected heartbeat_ms=${heartbeatMs}\n\n`,
  comment: (status) => `: ${status ? statusText(status) : "heartbeat"}\n\n`,
};

/**
 * Server-sent events for clients that read every line as data, as most versions of Google's SDKs do: they fail at a comment, at
 * an id, and some even at an empty line before the first event.
 */
export const BARE_SSE: StreamFormat = {
  ...SSE,
  eventIds: "asked",
  opening: () => "",
  comment: () => "",
};

export const JSON_LINES: StreamFormat = {
  contentType: "application/x-ndjson",
  eventIds: "none",
  encode: (frames) => frames.map(({ data }) => `${data}\n`).join(""),
  opening: () => "",
  comment: () => "",
};

/** The format of one stream that is a JSON array, with the line breaks that Google's server sends. */
export function jsonArray(): StreamFormat {
  let before = "[";
  const encodeElement = ({ data }: Frame) => {
    const text = `${before}${data}\n`;
    before = ",\r\n";
    return text;
  };
  return {
    contentType: "application/json; charset=utf-8",
    eventIds: "none",
    encode: (frames) => frames.map(encodeElement).join(""),
    opening: () => "",
    comment: () => "",
    closing: () => (before === "[" ? "[]" : "]"),
  };
}

/** e.g. `queued position=3 eta_ms=4200` or `loading progress=0.42 eta_ms=900` */
function statusText(status: WaitingStatus): string {
  const eta = status.etaMs === null ? "" : ` eta_ms=${status.etaMs}`;
  if (status.type === "queued") return `queued position=${status.position}${eta}`;
  return `${status.state} progress=${status.progress.toFixed(2)}${eta}`;
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
