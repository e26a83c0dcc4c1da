// deploy/nats.conf in a real nats-server: gateways and nodes can do their work, and nothing else.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { connectNats } from "../../src/cluster/nats/connect-nats.ts";
import { openNatsLease } from "../../src/cluster/nats/nats-lease.ts";
import { subjectsOf } from "../../src/cluster/subjects.ts";
import { NATS_SERVER, type RunningNats, startNats } from "../support/cluster/nats-server.ts";
import { quietLog } from "../support/cluster/quiet-log.ts";
import { until } from "../support/start-service.ts";

const SHIPPED = path.resolve(import.meta.dirname, "../../deploy/nats.conf");
const PASSWORDS = {
  SLUICE_NATS_GATEWAY_PASSWORD: "gateway-secret",
  SLUICE_NATS_NODE_PASSWORD: "node-secret",
};

const folder = mkdtempSync(path.join(tmpdir(), "sluice-nats-conf-"));
const subjects = subjectsOf("sluice");
const toNode = subjects.toNode({ name: "gpu-1.example", incarnation: "b1946ac92492d2347c62" });
const toGateway = subjects.toGateway({ id: "591785b794601e212b26" });
let server: RunningNats | null = null;

beforeAll(async () => {
  if (NATS_SERVER) server = await startNats({ config: ownConfig(), env: PASSWORDS });
});
const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
});
afterAll(async () => {
  await server?.close();
  rmSync(folder, { recursive: true });
});

/** The shipped file with another folder, and without its port for health checks. */
function ownConfig(): string {
  let text = readFileSync(SHIPPED, "utf8");
  for (const [from, to] of [
    ['"/data/jetstream"', JSON.stringify(path.join(folder, "jetstream"))],
    ['http: "127.0.0.1:8222"', ""],
  ] as const) {
    if (!text.includes(from)) throw new Error(`deploy/nats.conf has no ${from}`);
    text = text.replace(from, to);
  }
  const file = path.join(folder, "nats.conf");
  writeFileSync(file, text);
  return file;
}

async function connectAs(role: "gateway" | "node") {
  const { log, lines } = quietLog();
  const cluster = [`nats://${role}:${role}-secret@127.0.0.1:${server?.port}`];
  const link = await connectNats({ settings: { cluster }, name: role, log });
  closings.push(() => link.close());
  return { link, lines, log };
}

/** Does it, and returns what the server said about it. */
async function errorsOf(
  { link, lines }: Awaited<ReturnType<typeof connectAs>>,
  { action, subject }: { readonly action: string; readonly subject: string },
): Promise<readonly string[]> {
  const before = lines.length;
  if (action === "publish") link.publish(subject, { messages: [] });
  else link.subscribe(subject, () => {});
  await link.nats.flush();
  await turn(); // the link reads the errors of publishing a few microtasks later
  return lines.slice(before).filter((line) => line.startsWith("error"));
}

describe.skipIf(NATS_SERVER === null)("with deploy/nats.conf", () => {
  test("a gateway and a node exchange packets, and the gateway gets the lease", async () => {
    const [gateway, node] = [await connectAs("gateway"), await connectAs("node")];
    const received: unknown[] = [];
    const receive = (packet: unknown) => received.push(packet);
    gateway.link.subscribe(subjects.announcements, receive);
    gateway.link.subscribe(toGateway, receive);
    node.link.subscribe(toNode, receive);
    await Promise.all([gateway.link.nats.flush(), node.link.nats.flush()]);

    node.link.publish(subjects.announcements, { number: 1 });
    node.link.publish(toGateway, { number: 2 });
    gateway.link.publish(toNode, { text: "x".repeat(3_000_000) });
    const { link, log } = gateway;
    const bucket = subjects.leaseBucket;
    const lease = openNatsLease({ link, bucket, gateway: "g", log });
    closings.push(() => lease.close());
    await until(() => lease.isHeld && received.length === 3, "all packets and the lease");
    await lease.close();

    expect(lease.isHeld).toBe(false);
    for (const { lines } of [gateway, node])
      expect(lines.filter((line) => /^(error|warn)/.test(line))).toEqual([]);
  });

  test.each([
    ["node", "publish", toNode],
    ["node", "publish", `$KV.${subjects.leaseBucket}.lease`],
    ["node", "publish", "$JS.API.INFO"],
    ["node", "subscribe", toGateway],
    ["node", "subscribe", subjects.announcements],
    ["node", "subscribe", "_INBOX.>"],
    ["node", "subscribe", ">"],
    ["node", "publish", subjects.quarantine],
    ["gateway", "publish", toGateway],
    ["gateway", "publish", subjects.announcements],
    ["gateway", "publish", `$JS.API.STREAM.DELETE.KV_${subjects.leaseBucket}`],
    ["gateway", "publish", "$JS.API.STREAM.CREATE.other"],
    ["gateway", "subscribe", toNode],
    ["gateway", "subscribe", `$KV.${subjects.leaseBucket}.lease`],
    ["gateway", "subscribe", ">"],
  ] as const)("a %s may not %s to %s", async (role, action, subject) => {
    const errors = await errorsOf(await connectAs(role), { action, subject });

    expect(errors.join()).toMatch(/Permissions Violation/);
  });

  test.each([
    ["node", "publish", toGateway],
    ["node", "subscribe", toNode],
    ["gateway", "publish", toNode],
    ["gateway", "subscribe", toGateway],
    ["gateway", "publish", subjects.quarantine],
    ["gateway", "subscribe", subjects.quarantine],
  ] as const)("a %s may %s to %s", async (role, action, subject) => {
    const errors = await errorsOf(await connectAs(role), { action, subject });

    expect(errors).toEqual([]);
  });

  test("a gateway with the credentials of a node says once what it may not do", async () => {
    const { link, lines, log } = await connectAs("node");
    const lease = openNatsLease({ link, bucket: subjects.leaseBucket, gateway: "g", log });
    closings.push(() => lease.close());
    const refused = () => lines.filter((line) => line.includes("Permissions Violation"));
    await until(() => refused().length > 0, "a refusal");
    for (let times = 0; times < 5; times += 1)
      await link.nats.request("$JS.API.INFO").catch(() => {});

    expect(refused()).toHaveLength(new Set(refused()).size);
    expect(refused().length).toBeLessThanOrEqual(3);
  });

  test("nobody connects without a password", async () => {
    const { log } = quietLog();
    const settings = { cluster: [`nats://127.0.0.1:${server?.port}`] };

    await expect(connectNats({ settings, name: "test", log })).rejects.toThrow(
      "refuses the credentials",
    );
  });
});
