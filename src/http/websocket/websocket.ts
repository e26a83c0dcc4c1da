// WebSockets at /v1/ws: the same requests as over HTTP, several at once on one connection. https://www.rfc-editor.org/rfc/rfc6455
// Who may connect is decided as for every request: by the handlers before this route.

import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Express, Request } from "express";
import { type WebSocket, WebSocketServer } from "ws";
import { guarded, ServiceError } from "../../errors.ts";
import type { KeyRing } from "../../keys/key-ring.ts";
import type { BodyMemory } from "../server/body-memory.ts";
import type { Connections, HttpServer } from "../server/connections.ts";
import { keyIn, methodNotAllowed } from "../server/middleware.ts";
import { serveWithoutUpgrade, type Upgrade } from "../server/unwanted-upgrade.ts";
import { innerRequest } from "./inner-request.ts";
import { SocketSession } from "./socket-session.ts";
import { announcedBytes, UnfinishedMessages } from "./unfinished-messages.ts";

export type WebSocketsOptions = {
  readonly keys: Pick<KeyRing, "isOpen" | "find" | "onChange">;
  /** The largest message. */
  readonly bodyLimitBytes: number;
  /** Requests at once on one socket. */
  readonly socketRequests: number;
  readonly heartbeatMs: number;
  readonly stallTimeoutMs: number;
  /** A message must have come in whole by then. */
  readonly receiveTimeoutMs: number;
  /** Of request bodies, which messages that are not whole share. */
  readonly bodyMemory: BodyMemory;
  /** Hears of errors that no request has caught. */
  readonly report: (error: unknown) => void;
};

const PATH = "/v1/ws";
const GOING_AWAY = 1001;
/** A client that does not answer a close is cut off. */
const CLOSE_MS = 1_000;

export class WebSockets {
  readonly #options: WebSocketsOptions;
  readonly #sockets: WebSocketServer;
  readonly #unfinished: UnfinishedMessages;
  readonly #sessions = new Set<SocketSession>();
  readonly #upgrades = new WeakMap<IncomingMessage, Upgrade>();
  #isClosing = false;

  constructor(options: WebSocketsOptions) {
    this.#options = options;
    const limits = { maxPayload: options.bodyLimitBytes, closeTimeout: CLOSE_MS };
    this.#sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, ...limits });
    this.#unfinished = new UnfinishedMessages(options);
    options.keys.onChange(() => {
      for (const session of this.#sessions) session.checkKey();
    });
  }

  /** Before keys are asked for: a browser can send none with its connection, only afterwards. */
  mount(app: Express): void {
    app.get(PATH, (req, res) => {
      const upgrade = this.#upgrades.get(req);
      if (!upgrade)
        throw new ServiceError("upgrade_required", `connect to ${PATH} with a WebSocket`);
      if (this.#isClosing) throw new ServiceError("draining", "the server is shutting down");
      const key = this.#keyOf(req);
      res.detachSocket(upgrade.socket);
      this.#accept(req, upgrade, key);
    });
    app.all(PATH, methodNotAllowed("GET"));
  }

  /** From now on the server's upgrades come here. Those to anything else are served as if none had been asked for. */
  attach(server: HttpServer, connections: Connections): void {
    server.on("upgrade", (req: IncomingMessage, stream, head) => {
      const socket = stream as Socket; // of an HTTP server, or TLS over one
      const onTurn = guarded(
        (more: Buffer) => this.#serve({ req, socket, head: more, server }),
        (error) => this.#drop(socket, error),
      );
      connections.whenAnswered({ socket, head }, onTurn);
    });
  }

  /** Tells all clients that the server ends. */
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
    res.once("finish", () => socket.destroySoon()); // it was refused
    server.emit("request", req, res);
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

  /** Its answer is the socket's own from here on: an error can only cost the connection. */
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
    { socket, server }: Upgrade,
    { client, key }: { readonly client: WebSocket; readonly key: string | null },
  ): SocketSession {
    const { keys, socketRequests, heartbeatMs, stallTimeoutMs, report } = this.#options;
    const remoteAddress = req.ip ?? socket.remoteAddress; // behind a proxy, the client's own
    const session = new SocketSession({
      ...{ socket: client, key, heartbeatMs, stallTimeoutMs, report },
      isKeyWanted: !keys.isOpen,
      isKeyRight: (given) => keys.find(given) !== null,
      ask: (request) => innerRequest(server, { ...request, remoteAddress }),
      host: req.get("host") ?? "localhost",
      mostOpen: socketRequests,
      isReceiving: () => announcedBytes(client) > 0,
    });
    const onMore = this.#unfinished.watch(client, () => session.key ?? remoteAddress ?? "");
    const onData = ({ length }: Buffer) => {
      if (session.isWelcome) onMore(length);
      else session.countBeforeKey(length, announcedBytes(client));
    };
    // It listens behind ws, which has then read these bytes.
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
