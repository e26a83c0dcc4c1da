// Unfinished bodies of several kinds, more than the server has memory for. The memory they use must be limited and must be
// freed.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { residentMb } from "../../../src/bench/process-usage.ts";
import type { Findings } from "../findings.ts";
import { collectGarbage, type Server } from "../server.ts";

const BODY_BYTES = 4_194_304;
const COUNT = 80;
/** One address may use half of --body-memory, 64 MiB; the rest is uncollected garbage. Without a limit, growth is 300 MB. */
const MOST_GROWTH_MB = 200;
const SETTLE_MS = 1_000;
const RECOVERY_MS = 10_000;
const CHAT = JSON.stringify({ messages: [{ role: "user", content: "Hi" }], max_tokens: 1 });

type Body = { readonly headers: readonly string[]; readonly bytes: Buffer };

const spaces = Buffer.alloc(BODY_BYTES - 1, " ");
const chunkOf = (bytes: Buffer) =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
const bomb = gzipSync(Buffer.alloc(BODY_BYTES, " "));

const BODIES: readonly Body[] = [
  { headers: [`content-length: ${BODY_BYTES}`], bytes: spaces },
  { headers: ["transfer-encoding: chunked"], bytes: chunkOf(spaces) },
  {
    headers: ["transfer-encoding: chunked"],
    bytes: Buffer.from("1\r\n \r\n".repeat(200_000)),
  },
  {
    headers: ["content-encoding: gzip", `content-length: ${bomb.length}`],
    bytes: bomb.subarray(0, -1),
  },
];

export async function fuzzUnfinishedBodies(server: Server, findings: Findings): Promise<void> {
  const { url, pid } = server;
  if (pid === null) return;
  const before = residentMb(pid);
  const sockets = await Promise.all(
    Array.from({ length: COUNT }, (_, index) => open(url, BODIES[index % BODIES.length])),
  );
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const growth = residentMb(pid) - before;
  for (const socket of sockets) socket.destroy();
  collectGarbage(pid);
  const faults: string[] = [];
  if (growth > MOST_GROWTH_MB)
    faults.push(`${COUNT} unfinished bodies take ${growth.toFixed(0)} MB`);
  if (!(await isServed(url)))
    faults.push("no chat is served after the unfinished bodies were closed");
  if (faults.length > 0)
    findings.add({ where: "memory", faults, reproduce: async () => "(--only memory)" });
}

async function open(url: string, body: Body | undefined): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on("error", () => {}); // it may be refused before its end
  await once(socket, "connect");
  const head = ["POST /v1/chat/completions HTTP/1.1", "host: localhost"];
  const lines = [...head, "content-type: application/json", ...(body?.headers ?? [])];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  socket.resume();
  await new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
    socket.write(body?.bytes ?? "", () => resolve());
  });
  return socket;
}

/** Waits for a limited time. */
async function isServed(url: string): Promise<boolean> {
  const deadlineMs = performance.now() + RECOVERY_MS;
  while (performance.now() < deadlineMs) {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers,
      body: CHAT,
    });
    await answer.arrayBuffer();
    if (answer.status === 200) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}
