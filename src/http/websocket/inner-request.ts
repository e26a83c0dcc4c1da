// A request to this server itself over an in-memory pair of streams, so that WebSocket messages pass through the same
// handlers, limits and checks as HTTP. https://nodejs.org/api/http.html#event-connection

import { type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import { connectionEvent, type HttpServer } from "../server/connections.ts";

export type InnerRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** The address of the client that caused the request. */
  readonly remoteAddress: string | undefined;
  /** Aborts the request as if its client had disconnected. */
  readonly signal: AbortSignal;
};

/** @throws Error if the request is aborted, or the answer does not begin */
export function innerRequest(server: HttpServer, options: InnerRequest): Promise<IncomingMessage> {
  const { method, path, headers, body, remoteAddress, signal } = options;
  const [near, far] = duplexPair();
  near.once("close", () => far.destroy());
  far.once("close", () => near.destroy());
  // The reader of the answer gets the error; without a listener here it would end the process.
  for (const side of [near, far]) side.on("error", () => {});
  server.emit(connectionEvent(server), asSocket(far, remoteAddress));
  return new Promise((resolve, reject) => {
    const sent = request({ method, path, headers, signal, createConnection: () => near });
    sent.once("response", resolve);
    sent.on("error", reject); // not once(): a later error goes to the reader of the answer
    sent.end(body ?? undefined);
  });
}

/** Adds the methods that Node and the handlers call on a socket. */
function asSocket(stream: Duplex, remoteAddress: string | undefined): Socket {
  const itself = () => stream;
  const methods = { setNoDelay: itself, setKeepAlive: itself, setTimeout: itself };
  return Object.assign(stream, methods, { remoteAddress }) as unknown as Socket; // nothing else of it is used
}
