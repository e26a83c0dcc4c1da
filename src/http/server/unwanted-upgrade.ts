// Serves requests that offer an upgrade to an unsupported protocol as if they did not: some clients (Java, curl --http2)
// offer HTTP/2 with every request, and a server may ignore the offer.

import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { connectionEvent, type HttpServer } from "./connections.ts";

export type Upgrade = {
  readonly req: IncomingMessage;
  readonly socket: Socket;
  /** The bytes read after the request. */
  readonly head: Buffer;
  readonly server: HttpServer;
};

/** Node passes every upgrade to the "upgrade" listener, so the request is fed to the server again without the offer. */
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
