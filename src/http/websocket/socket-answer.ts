// Turns the answer to one request of a WebSocket into messages to its client. Used by socket-session.ts.

import type { IncomingMessage } from "node:http";
import { createParser } from "eventsource-parser";
import { socketMessages } from "../../api/sluice/socket-messages.ts";

/** Resolves when the client takes more. */
type Send = (text: string) => Promise<void>;

/** SSE heartbeat comments are dropped: a WebSocket has pings. */
const HEARTBEAT = /^(heartbeat|connected)\b/;

/** Reads the answer no faster than the client reads. @throws Error if the answer breaks off */
export async function forwardAnswer(
  id: string,
  response: IncomingMessage,
  send: Send,
): Promise<void> {
  const type = response.headers["content-type"] ?? "";
  response.setEncoding("utf8");
  const isEvents = type.startsWith("text/event-stream");
  if (!isEvents && !type.startsWith("application/x-ndjson"))
    return send(await bodyMessage(id, response));
  const { "x-request-id": requestId, location } = response.headers;
  await send(socketMessages.started(id, String(requestId), location ?? null));
  const messages: string[] = [];
  const feed = isEvents ? eventReader(id, messages) : lineReader(id, messages);
  for await (const text of response) {
    feed(String(text));
    for (const message of messages.splice(0)) await send(message);
  }
}

async function bodyMessage(id: string, response: IncomingMessage): Promise<string> {
  let body = "";
  for await (const text of response) body += String(text);
  const { statusCode: status = 0, headers } = response;
  const seconds = Number(headers["retry-after"]);
  const retryAfter = seconds > 0 ? seconds : undefined;
  return socketMessages.response(id, { status, retryAfter, body });
}

function eventReader(id: string, messages: string[]): (text: string) => void {
  const parser = createParser({
    onEvent: (event) => void messages.push(socketMessages.event(id, event)),
    onComment: (comment) => {
      const waitStatus = comment.trim();
      if (!HEARTBEAT.test(waitStatus)) messages.push(socketMessages.status(id, waitStatus));
    },
  });
  return (text) => parser.feed(text);
}

function lineReader(id: string, messages: string[]): (text: string) => void {
  let rest = "";
  return (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const data of lines) messages.push(socketMessages.event(id, { data }));
  };
}
