// A client that vanishes without FIN or RST, while the kernel still takes all that is written to it.

import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { Config } from "../../../src/config/config.ts";
import { makeCertificate } from "../../support/clients/certificate.ts";
import { type FreezingProxy, startFreezingProxy } from "../../support/clients/freezing-proxy.ts";
import { rawPost } from "../../support/clients/raw-client.ts";
import { chat } from "../../support/clients/sse-client.ts";
import { metric, startWithFake, until } from "../../support/start-service.ts";

const isLinux = process.platform === "linux";
if (!isLinux) console.warn("SKIPPED: clients that vanish are watched on Linux alone");

const STALL_MS = 600;
/** A busy machine is late; any other limit would take minutes. */
const MOST_MS = 10 * STALL_MS;
/**
 * Fills the receive buffer of the silent side (64 KiB) soon, but not the send buffer of our side (megabytes) within MOST_MS:
 * no write ever waits, and TCP keep-alive does not probe a connection with unacknowledged data.
 */
const FAST = { texts: ["x".repeat(4_096)], tokens: Number.POSITIVE_INFINITY, tokenMs: 25 };

const folder = mkdtempSync(path.join(tmpdir(), "sluice-silence-"));
const certificate = makeCertificate(folder, "ours");
afterAll(() => rmSync(folder, { recursive: true }));

let running: Awaited<ReturnType<typeof startWithFake>>;
let proxy: FreezingProxy | undefined;
afterEach(async () => {
  proxy?.close();
  await running.close();
});

async function start(settings: Partial<Config> = {}) {
  running = await startWithFake(FAST, { stallTimeoutMs: STALL_MS, ...settings });
  proxy = await startFreezingProxy(running.url);
  return { ...running, proxy, chatUrl: `${proxy.url}/v1/chat/completions` };
}

const stream = chat({ stream: true, max_tokens: 1_000_000 });

describe.skipIf(!isLinux)("a client that vanishes", () => {
  test("is cut after the stall limit, before any write had to wait for its socket", async () => {
    const { service, engine, url, chatUrl, proxy: way, logLines } = await start();
    const client = await rawPost(chatUrl, stream);
    await client.sees('"content":"x');
    way.freeze();
    const [frozenAtMs, before] = [performance.now(), engine.tokensComputed];
    await until(() => service.queue.inside === 0, "it is cut");

    // The cut comes later than the limit, because the kernel of the silent side first fills its buffer.
    const tookMs = performance.now() - frozenAtMs;
    expect(tookMs).toBeGreaterThan(STALL_MS);
    expect(tookMs).toBeLessThan(MOST_MS);
    // With a full socket no tokens would have been generated, and another limit would have cut it.
    expect(engine.tokensComputed - before).toBeGreaterThan(10);
    expect(await metric(url, "sluice_stalled_streams_total")).toBe(1);
    await until(() => logLines.some(({ outcome }) => outcome === "client_stalled"), "it is logged");
  });

  test("loses its connection, but not its resumable stream", async () => {
    const {
      service,
      url,
      chatUrl,
      proxy: way,
    } = await start({ resumeGraceMs: 60_000, resumeBuffer: 1e9 });
    const client = await rawPost(chatUrl, stream, { headers: { "x-resumable": "true" } });
    await client.sees('"content":"x');
    const [, location] = /^location: (.*)\r$/im.exec(client.received()) ?? [];
    const { port } = new URL(url);
    await until(() => linesOf(port).length > 0, "the connection is listed");
    way.freeze();

    // The kernel's list is not read atomically and may lack a line, so it is read twice.
    await until(async () => {
      await sleep(50); // each read takes milliseconds
      return [...linesOf(port), ...linesOf(port)].length === 0;
    }, "the connection is cut");

    expect(service.queue.inside).toBe(1);
    const again = await fetch(`${url}${location}`, { method: "DELETE" });
    expect(again.status).toBe(204);
    await until(() => service.queue.inside === 0, "it is stopped");
  });

  test("does not affect clients that read", async () => {
    const { service, url, chatUrl, proxy: way } = await start();
    const gone = await rawPost(chatUrl, stream);
    const direct = await rawPost(`${url}/v1/chat/completions`, stream);
    await gone.sees('"content":"x');
    way.freeze();
    await until(() => service.queue.inside === 1, "the silent one is cut");

    const length = direct.received().length;
    await until(() => direct.received().length > length, "the other one still reads");
    direct.socket.destroy();
  });
});

test.skipIf(!isLinux || !certificate)("a client that vanishes is cut over HTTPS too", async () => {
  const { cert, key } = certificate ?? { cert: "", key: "" };
  const { service, proxy: way } = await start({ tlsCert: cert, tlsKey: key });
  const { port } = new URL(way.url);
  const socket = connectTls({ host: "127.0.0.1", port: Number(port), ca: readFileSync(cert) });
  socket.on("error", () => {}); // it is cut
  const json = JSON.stringify(stream);
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json`;
  socket.write(`${head}\r\ncontent-length: ${json.length}\r\n\r\n${json}`);
  await once(socket, "data");
  expect(service.queue.inside).toBe(1);
  way.freeze();

  await until(() => service.queue.inside === 0, "it is cut");

  const outcomes = () => running.logLines.flatMap(({ outcome }) => outcome ?? []);
  await until(() => outcomes().length > 0, "it is logged");
  expect(outcomes()).toEqual(["client_stalled"]);
  socket.destroy();
});

test.skipIf(!isLinux)("the kernel probes an idle connection", async () => {
  const { url } = await start();
  const client = await rawPost(`${url}/v1/chat/completions`, chat({ max_tokens: 1_000_000 }));
  await until(() => running.service.queue.inside === 1, "it is inside");

  // `tr` is 02: the keep-alive timer is active.
  const { port } = new URL(url);
  await until(() => linesOf(port).some((line) => / 01 \S+ 02:/.test(line)), "its timer runs");
  client.socket.destroy();
});

/** The kernel's lines of established connections on the server's side. */
function linesOf(port: string): string[] {
  const ours = `0100007F:${Number(port).toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = readFileSync("/proc/net/tcp", "latin1").split("\n");
  return lines.filter((line) => line.trim().split(/\s+/)[1] === ours && / 01 /.test(line));
}
