// A TCP proxy that can cut or freeze all its connections, and then work again.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type CuttingProxy = {
  readonly url: string;
  readonly port: number;
  /** Ends every connection at once, by RST. Accepts new ones. */
  readonly cut: () => void;
  /** Open connections silently stop carrying data. Accepts new ones, unless `freeze` was called. */
  readonly hush: () => void;
  /** Also new connections carry no data, until `thaw`. */
  readonly freeze: () => void;
  /** What was sent meanwhile arrives. */
  readonly thaw: () => void;
  /** Whether new connections are refused. */
  refuse: boolean;
  readonly close: () => void;
};

type Pair = { readonly client: Socket; readonly upstream: Socket };

export async function startCuttingProxy(target: string): Promise<CuttingProxy> {
  const { port: targetPort } = new URL(target);
  const pairs = new Set<Pair>();
  let isFrozen = false;
  const carry = ({ client, upstream }: Pair) => void client.pipe(upstream).pipe(client);
  const server = createServer((client) => {
    if (proxy.refuse) return void client.resetAndDestroy();
    const upstream = connect({ host: "127.0.0.1", port: Number(targetPort) });
    const pair = { client, upstream };
    pairs.add(pair);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on("error", () => {}); // the other side was cut
      socket.on("close", () => {
        pairs.delete(pair);
        if (socket.readableEnded) other.end();
        else other.destroy();
      });
    }
    if (!isFrozen) carry(pair);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const hush = () => {
    for (const { client, upstream } of pairs)
      for (const socket of [client, upstream]) socket.unpipe().pause();
  };
  const proxy: CuttingProxy = {
    url: `http://127.0.0.1:${port}`,
    port,
    cut: () => {
      for (const { client, upstream } of pairs)
        for (const socket of [client, upstream]) socket.resetAndDestroy();
    },
    hush,
    freeze: () => {
      isFrozen = true;
      hush();
    },
    thaw: () => {
      isFrozen = false;
      for (const pair of pairs) carry(pair);
    },
    refuse: false,
    close: () => {
      for (const { client, upstream } of pairs)
        for (const socket of [client, upstream]) socket.destroy();
      server.close();
    },
  };
  return proxy;
}
