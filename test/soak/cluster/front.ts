// What stands in front of the gateways: each new connection goes to the one whose /ready is 200, as a load balancer does it.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export type Front = { readonly url: string; readonly close: () => void };

/** Code of the error that clients get while no gateway is active. */
export const NO_GATEWAY = "no_gateway";

const POLL_MS = 50;
const BODY = JSON.stringify({ error: { code: NO_GATEWAY, message: "no gateway is active" } });
const REFUSAL = [
  "HTTP/1.1 503 Service Unavailable",
  "content-type: application/json",
  `content-length: ${BODY.length}`,
  "connection: close",
  `\r\n${BODY}`,
].join("\r\n");

/** @param active the URL of the active gateway; null for none */
export async function startFront(active: () => Promise<string | null>): Promise<Front> {
  let target: URL | null = null;
  let isClosed = false;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    client.on("error", () => {}); // `close` follows
    client.on("close", () => sockets.delete(client));
    if (!target) return void client.resume().end(REFUSAL);
    const upstream = connect({ host: target.hostname, port: Number(target.port) });
    upstream.on("error", () => {});
    upstream.on("close", (hasFailed) => (hasFailed ? client.resetAndDestroy() : client.end()));
    client.on("close", () => upstream.destroy());
    client.pipe(upstream).pipe(client);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const follow = async () => {
    while (!isClosed) {
      const url = await active();
      target = url === null ? null : new URL(url);
      await sleep(POLL_MS);
    }
  };
  void follow();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      isClosed = true;
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
