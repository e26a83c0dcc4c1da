// A TCP proxy that can cut or freeze all its connections, and then work again.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type CuttingProxy = {
  readonly url: string;
  /** Ends every connection at once, by RST. Accepts new ones. */
  readonly cut: () => void;
  /** Open connections silently stop carrying data. Accepts new ones. */
  readonly hush: () => void;
  /** Whether new connections are refused. */
  refuse: boolean;
  readonly close: () => void;
};

export async function startCuttingProxy(target: string): Promise<CuttingProxy> {
  const { port: targetPort } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    if (proxy.refuse) return void client.resetAndDestroy();
    const upstream = connect({ host: "127.0.0.1", port: Number(targetPort) });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {}); // the other side was cut
      socket.on("close", () => sockets.delete(socket));
    }
    client.pipe(upstream).pipe(client);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const proxy: CuttingProxy = {
    url: `http://127.0.0.1:${port}`,
    cut: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    hush: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    refuse: false,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
  return proxy;
}
