// WebSockets at /v1/ws: the same requests as over HTTP, several at a time on one connection. https://www.rfc-editor.org/rfc/rfc6455
// The upgrade request passes through the same guards as every other request.

import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Express, Request } from "express";
import { type WebSocket, WebSocketServer } from "ws";
import { guarded, ServiceError } from "../../errors.ts";
import type { Credentials } from "../../keys/credentials.ts";
import type { Connections, HttpServer } from "../server/connections.ts";
import { keyIn, mountGet } from "../server/middleware.ts";
import { serveWithoutUpgrade, type Upgrade } from "../server/unwanted-upgrade.ts";
import { SocketExchange } from "./socket-exchange.ts";
import { SocketSession, type SocketSessionOptions } from "./socket-session.ts";
import { announcedBytes, type UnfinishedOptions, watchUnfinished } from "./unfinished-messages.ts";

export type WebSocketsOptions = UnfinishedOptions &
  Omit<SocketSessionOptions, "socket" | "key" | "open" | "host" | "isReceiving"> & {
    readonly keys: Pick<Credentials, "onChange">;
  };

const PATH = "/v1/ws";
const GOING_AWAY = 1001;
/** A client that does not answer a close frame is disconnected after this time. */
const CLOSE_MS = 1_000;

export class WebSockets {
  readonly #options: WebSocketsOptions;
  readonly #sockets: WebSocketServer;
  readonly #sessions = new Set<SocketSession>();
  readonly #upgrades = new WeakMap<IncomingMessage, Upgrade>();
  #isClosing = false;

  constructor(options: WebSocketsOptions) {
    this.#options = options;
    const limits = { maxPayload: options.bodyLimitBytes, closeTimeout: CLOSE_MS };
    this.#sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, ...limits });
    options.keys.onChange(() => {
      for (const session of this.#sessions) session.checkKey();
    });
  }

  /** Goes before the authentication middleware: a browser can send a key only after it has connected. */
  mount(app: Express): void {
    mountGet(app, PATH, async (req, res) => {
      const upgrade = this.#upgrades.get(req);
      if (!upgrade)
        throw new ServiceError("upgrade_required", `connect to ${PATH} with a WebSocket`);
      if (this.#isClosing) throw new ServiceError("draining", "the server is shutting down");
      const key = await this.#keyOf(req);
      if (req.socket.destroyed) return; // it left while its key was checked
      res.detachSocket(upgrade.socket);
      this.#accept(req, upgrade, key);
    });
  }

  /** Handles all upgrades of the server. Upgrades to anything else are ignored: the request is served without one. */
  attach(server: HttpServer, connections: Connections): void {
    server.on("upgrade", (req: IncomingMessage, stream, head) => {
      const socket = stream as Socket; // HTTP and HTTPS servers pass a Socket
      const onTurn = guarded(
        (more: Buffer) => this.#serve({ req, socket, head: more, server }),
        (error) => this.#drop(socket, error),
      );
      connections.whenAnswered({ socket, head }, onTurn);
    });
  }

  /** Closes all sockets because the server shuts down. */
  async close(): Promise<void> {
    this.#isClosing = true;
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

  #serve(upgrade: Upgrade): void {
    const { req, socket, server } = upgrade;
    const [path] = (req.url ?? "").split("?");
    const isOurs = req.headers.upgrade?.toLowerCase() === "websocket" && path === PATH;
    if (!isOurs) return serveWithoutUpgrade(upgrade);
    this.#upgrades.set(req, upgrade);
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    res.assignSocket(socket);
    res.once("finish", () => socket.destroySoon()); // the upgrade was refused
    server.emit("request", req, res);
  }

  /** @returns null without a key. Rejects with a ServiceError for an invalid key */
  async #keyOf(req: Request): Promise<string | null> {
    const { keys } = this.#options;
    const key = keyIn(req);
    if (key === null || keys.isOpen) return null;
    await keys.authenticate(key);
    return key;
  }

  /** No HTTP answer is possible any more: an error can only close the connection. */
  #accept(req: Request, upgrade: Upgrade, key: string | null): void {
    const { socket, head } = upgrade;
    try {
      this.#sockets.handleUpgrade(req, socket, head, (client) => {
        const session = this.#begin(req, upgrade, { client, key });
        this.#sessions.add(session);
        client.once("close", () => this.#sessions.delete(session));
      });
      socket.resume();
    } catch (error) {
      this.#drop(socket, error);
    }
  }

  #begin(
    req: Request,
    { socket }: Upgrade,
    { client, key }: { readonly client: WebSocket; readonly key: string | null },
  ): SocketSession {
    const remoteAddress = req.ip ?? socket.remoteAddress; // behind a proxy, the client's own
    const session = new SocketSession({
      ...this.#options,
      socket: client,
      key,
      open: (request, given) => new SocketExchange(req.app, request, { ...given, remoteAddress }),
      host: req.get("host") ?? "localhost",
      isReceiving: () => announcedBytes(client) > 0,
    });
    const ownerOf = () => session.key ?? remoteAddress ?? "";
    const onMore = watchUnfinished(client, { ...this.#options, ownerOf });
    const onData = ({ length }: Buffer) => {
      if (session.isAuthenticated) onMore(length);
      else session.countBeforeKey(length, announcedBytes(client));
    };
    // This listener runs after that of ws, which has then read these bytes.
    socket.on(
      "data",
      guarded(onData, (error) => this.#drop(socket, error)),
    );
    return session;
  }

  #drop(socket: Socket, error: unknown): void {
    this.#options.report(error);
    socket.destroy();
  }
}
