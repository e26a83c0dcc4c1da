// Makes one HTTP server listen: on a TCP address, a Unix socket, or a socket that the process has inherited. Called by
// http-servers.ts.

import { chmodSync, lstatSync, rmSync } from "node:fs";
import { Server as TlsServer } from "node:https";
import { connect, type Socket } from "node:net";
import type { HttpServer } from "./connections.ts";

export type ListenTarget =
  /** TCP; without a host all addresses of the machine, port 0 for any free one. */
  | { readonly host: string | undefined; readonly port: number }
  /** A Unix socket. A file that an ended server has left there is replaced. */
  | { readonly path: string }
  /** A socket that the parent process has bound, such as systemd. */
  | { readonly fd: number };

export type ListeningAt = {
  /** `http://127.0.0.1:8080`, `unix:/run/sluice.sock`, or `fd:3` for an inherited Unix socket. */
  readonly url: string;
  /** The IP address; null for a Unix socket. */
  readonly host: string | null;
};

/** Owner and group may connect, which requires the permission to write. */
const SOCKET_MODE = 0o660;
/** A peer of a Unix socket has no address. It is a process of this machine, so it counts as this one. */
const LOCAL_ADDRESS = "127.0.0.1";

/** @throws Error with `code` `EADDRINUSE` and the like, or for a path where a file is that is no socket */
export async function listen(server: HttpServer, target: ListenTarget): Promise<ListeningAt> {
  if ("path" in target) await removeStaleSocket(target.path);
  await startListening(server, target);
  const address = server.address();
  if (address !== null && typeof address === "object") {
    const scheme = server instanceof TlsServer ? "https" : "http";
    const { address: host, port, family } = address;
    return { url: `${scheme}://${family === "IPv6" ? `[${host}]` : host}:${port}`, host };
  }
  if ("path" in target) chmodSync(target.path, SOCKET_MODE);
  server.on("connection", giveLocalAddress);
  server.on("secureConnection", giveLocalAddress);
  return { url: "path" in target ? `unix:${target.path}` : `fd:${fdOf(target)}`, host: null };
}

function fdOf(target: ListenTarget): number | null {
  return "fd" in target ? target.fd : null;
}

function startListening(server: HttpServer, target: ListenTarget): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(target, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Only one server can listen on the path, so a socket that refuses a connection belongs to a server that has ended. */
async function removeStaleSocket(path: string): Promise<void> {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return;
  if (!stats.isSocket()) throw new Error(`unix:${path} is a file, but no socket; remove it first`);
  if (await isStaleSocket(path)) rmSync(path, { force: true });
}

/** Whether the server that has made the socket has ended. */
export function isStaleSocket(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code === "ECONNREFUSED"));
  });
}

/** What goes by addresses then works as for TCP: the trust in a proxy, the client's address behind it, and limits of one address. */
function giveLocalAddress(socket: Socket): void {
  Object.defineProperty(socket, "remoteAddress", { value: LOCAL_ADDRESS });
}
