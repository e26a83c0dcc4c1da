// The HTTP servers of the service: one for each address, all with the same app, WebSockets and limits. service.ts makes them, starts
// them and closes them.

import { Server as TlsServer } from "node:https";
import type { Express } from "express";
import type { WebSockets } from "../websocket/websocket.ts";
import { Connections, type ConnectionsOptions, type HttpServer } from "./connections.ts";
import { createHttpServer, type HttpServerDeps, type HttpServerOptions } from "./http-server.ts";
import { type ListenTarget, listen } from "./listen.ts";

export type HttpServersParts = Omit<HttpServerDeps, "connections"> & {
  readonly app: Express;
  readonly webSockets: Pick<WebSockets, "attach" | "close">;
};

export type HttpServersOptions = HttpServerOptions & Omit<ConnectionsOptions, "log">;

export class HttpServers {
  readonly #parts: HttpServersParts;
  readonly #connections: Connections;
  #options: HttpServerOptions;
  readonly #servers: HttpServer[] = [];
  /** The IP addresses on which clients can connect. */
  readonly hosts: string[] = [];

  constructor(parts: HttpServersParts, options: HttpServersOptions) {
    this.#parts = parts;
    this.#connections = new Connections({ ...options, log: parts.log });
    this.#options = options;
  }

  /**
   * Listens on all targets, or on none.
   * @param checkHost called with each IP address before a connection is accepted there; throws if clients may not connect there
   * @returns the URLs in the order of the targets
   * @throws Error with a `code` such as `EADDRINUSE`, or for a path where a file is that is no socket
   */
  async listen(
    targets: readonly ListenTarget[],
    checkHost: (host: string) => void,
  ): Promise<readonly string[]> {
    const urls: string[] = [];
    try {
      for (const target of targets) {
        const { url, host } = await listen(this.#add(), target);
        if (host !== null) {
          checkHost(host);
          this.hosts.push(host);
        }
        urls.push(url);
      }
    } catch (error) {
      await this.#stopListening();
      throw error;
    }
    return urls;
  }

  /** New connections get this certificate. Those that are open keep theirs. */
  useCertificate(tls: NonNullable<HttpServerOptions["tls"]>): void {
    this.#options = { ...this.#options, tls };
    for (const server of this.#servers)
      if (server instanceof TlsServer) server.setSecureContext(tls);
  }

  /** Accepts no more connections, and closes the idle ones. The others may finish their answers for up to `lastFramesMs`. */
  async close(lastFramesMs: number): Promise<void> {
    const connections = this.#connections;
    const closed = this.#stopListening();
    await this.#parts.webSockets.close();
    for (const server of this.#servers) server.closeIdleConnections();
    const lastFrames = setTimeout(() => connections.destroyAll(), lastFramesMs);
    await closed;
    clearTimeout(lastFrames);
    connections.close();
  }

  #add(): HttpServer {
    const { app, webSockets, ...deps } = this.#parts;
    const connections = this.#connections;
    const server = createHttpServer(app, { ...deps, connections }, this.#options);
    webSockets.attach(server, connections);
    this.#servers.push(server);
    return server;
  }

  /** Resolves when all connections are closed. */
  async #stopListening(): Promise<void> {
    await Promise.all(
      this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    );
  }
}
