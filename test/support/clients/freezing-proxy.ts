// A TCP proxy that can freeze: then it neither reads, forwards nor closes, like a broken network path.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type FreezingProxy = {
  readonly url: string;
  readonly freeze: () => void;
  readonly close: () => void;
};

export async function startFreezingProxy(target: string): Promise<FreezingProxy> {
  const { port: targetPort } = new URL(target);
  const sockets: Socket[] = [];
  const server = createServer((client) => {
    const upstream = connect({ host: "127.0.0.1", port: Number(targetPort) });
    for (const socket of [client, upstream]) socket.on("error", () => {}); // the other side has cut it
    client.pipe(upstream).pipe(client);
    sockets.push(client, upstream);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    freeze: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
