// A request to this server itself, over a pair of streams in memory: what comes by another way than HTTP goes through the
// same handlers, limits and checks. https://nodejs.org/api/http.html#event-connection

import { type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import { connectionEvent, type HttpServer } from "../server/connections.ts";

export type InnerRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Whose connection stands behind it. */
  readonly remoteAddress: string | undefined;
  /** Leaves, as a client that closes its connection does. */
  readonly signal: AbortSignal;
};

/** @throws Error when it is left, or the answer does not begin */
export function innerRequest(server: HttpServer, asked: InnerRequest): Promise<IncomingMessage> {
  const { method, path, headers, body, remoteAddress, signal } = asked;
  const [near, far] = duplexPair();
  near.once("close", () => far.destroy());
  far.once("close", () => near.destroy());
  // Who reads the answer hears of it; a stream without such a listener would end the process.
  for (const side of [near, far]) side.on("error", () => {});
  server.emit(connectionEvent(server), asSocket(far, remoteAddress));
  return new Promise((resolve, reject) => {
    const sent = request({ method, path, headers, signal, createConnection: () => near });
    sent.once("response", resolve);
    sent.on("error", reject); // stays: an answer that breaks off says so to whoever reads it
    sent.end(body ?? undefined);
  });
}

/** What the handlers ask of a socket. */
function asSocket(stream: Duplex, remoteAddress: string | undefined): Socket {
  const itself = () => stream;
  const methods = { setNoDelay: itself, setKeepAlive: itself, setTimeout: itself };
  return Object.assign(stream, methods, { remoteAddress }) as unknown as Socket; // no more than that is asked
}
