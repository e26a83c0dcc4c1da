// WebSockets at /v1/ws: the same requests as over HTTP, several at once on one connection. https://www.rfc-editor.org/rfc/rfc6455
// Who may connect is decided as for every request: by the handlers before this route.

import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Express, Request } from "express";
import { WebSocketServer } from "ws";
import { ServiceError } from "../errors.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import type { HttpServer } from "./http-server.ts";
import { connectionEvent, innerRequest } from "./inner-request.ts";
import { keyIn, methodNotAllowed } from "./middleware.ts";
import { SocketSession } from "./socket-session.ts";

export type WebSocketsOptions = {
  readonly keys: Pick<KeyRing, "isOpen" | "find">;
  /** The largest message. */
  readonly bodyLimitBytes: number;
  /** Requests at once on one socket. */
  readonly socketRequests: number;
  readonly heartbeatMs: number;
  readonly stallTimeoutMs: number;
};

const PATH = "/v1/ws";
const GOING_AWAY = 1001;
/** A client that does not answer a close is cut off. */
const CLOSE_MS = 1_000;

type Upgrade = { readonly socket: Socket; readonly head: Buffer; readonly server: HttpServer };

export class WebSockets {
  readonly #options: WebSocketsOptions;
  readonly #sockets: WebSocketServer;
  readonly #upgrades = new WeakMap<IncomingMessage, Upgrade>();

  constructor(options: WebSocketsOptions) {
    this.#options = options;
    const { bodyLimitBytes: maxPayload } = options;
    this.#sockets = new WebSocketServer({ noServer: true, maxPayload, perMessageDeflate: false });
  }

  /** Before keys are asked for: a browser can send none with its connection, only afterwards. */
  mount(app: Express): void {
    app.get(PATH, (req, res) => {
      const upgrade = this.#upgrades.get(req);
      if (!upgrade)
        throw new ServiceError("upgrade_required", `connect to ${PATH} with a WebSocket`);
      const key = this.#keyOf(req);
      res.detachSocket(upgrade.socket);
      this.#accept(req, upgrade, key);
    });
    app.all(PATH, methodNotAllowed("GET"));
  }

  /** From now on the server's upgrades come here. Those to anything else are served as if none had been asked for. */
  attach(server: HttpServer): void {
    server.on("upgrade", (req: IncomingMessage, stream, head) => {
      const socket = stream as Socket; // of an HTTP server, or TLS over one
      const [path] = (req.url ?? "").split("?");
      const isOurs = req.headers.upgrade?.toLowerCase() === "websocket" && path === PATH;
      if (!isOurs) return serveWithoutUpgrade(server, { req, socket, head });
      socket.on("error", () => socket.destroy());
      this.#upgrades.set(req, { socket, head, server });
      const res = new ServerResponse(req);
      res.shouldKeepAlive = false;
      res.assignSocket(socket);
      res.once("finish", () => socket.destroySoon()); // it was refused
      server.emit("request", req, res);
    });
  }

  /** Tells all clients that the server ends. */
  async close(): Promise<void> {
    const { clients } = this.#sockets;
    for (const client of clients) client.close(GOING_AWAY, "the server is shutting down");
    const timer = setTimeout(() => {
      for (const client of clients) client.terminate();
    }, CLOSE_MS);
    await Promise.all(
      [...clients].map((client) => new Promise((done) => client.once("close", done))),
    );
    clearTimeout(timer);
  }

  /** @throws ServiceError for a key that is not known. @returns null without one */
  #keyOf(req: Request): string | null {
    const { keys } = this.#options;
    const key = keyIn(req);
    if (key === null || keys.isOpen) return null;
    if (!keys.find(key))
      throw new ServiceError("invalid_api_key", "this API key is not known here");
    return key;
  }

  #accept(req: Request, { socket, head, server }: Upgrade, key: string | null): void {
    const { keys, socketRequests, heartbeatMs, stallTimeoutMs } = this.#options;
    const { remoteAddress } = socket;
    this.#sockets.handleUpgrade(req, socket, head, (client) => {
      new SocketSession({
        ...{ socket: client, key, heartbeatMs, stallTimeoutMs },
        isKeyWanted: !keys.isOpen,
        isKeyRight: (given) => keys.find(given) !== null,
        ask: (request) => innerRequest(server, { ...request, remoteAddress }),
        host: req.get("host") ?? "localhost",
        mostOpen: socketRequests,
      });
    });
  }
}

type Asked = { readonly req: IncomingMessage; readonly socket: Socket; readonly head: Buffer };

/**
 * Some clients (Java's, curl --http2) offer HTTP/2 with every request. A server that does not take it answers as always, but
 * Node hands all such requests to whoever listens for upgrades: so this one is read once more, without the offer.
 */
function serveWithoutUpgrade(server: HttpServer, { req, socket, head }: Asked): void {
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
}

function withoutOffer(connection: string): string {
  const options = connection.split(",").map((option) => option.trim());
  return options.filter((option) => !/^(upgrade|http2-settings)$/i.test(option)).join(", ");
}
