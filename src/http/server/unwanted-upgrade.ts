// Requests that ask for a protocol which this server does not speak. Some clients (Java's, curl --http2) offer HTTP/2 with
// every request: a server that does not take the offer answers as always.

import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { connectionEvent, type HttpServer } from "./connections.ts";

export type Upgrade = {
  readonly req: IncomingMessage;
  readonly socket: Socket;
  /** What has been read behind the request. */
  readonly head: Buffer;
  readonly server: HttpServer;
};

/** Node hands all upgrades to the one listener for them, so the request is read once more, without the offer. */
export function serveWithoutUpgrade({ req, socket, head, server }: Upgrade): void {
  const { method, url, httpVersion, rawHeaders } = req;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
    if (/^(upgrade|http2-settings)$/i.test(name)) continue;
    const kept = /^connection$/i.test(name) ? withoutOffer(value) : value;
    if (kept !== "") lines.push(`${name}: ${kept}`);
  }
  const bytes = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  socket.unshift(Buffer.concat([bytes, head]));
  server.emit(connectionEvent(server), socket);
  socket.resume();
}

function withoutOffer(connection: string): string {
  const options = connection.split(",").map((option) => option.trim());
  return options.filter((option) => !/^(upgrade|http2-settings)$/i.test(option)).join(", ");
}
