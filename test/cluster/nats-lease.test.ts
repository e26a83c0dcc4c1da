// The lease of the active gateway in a real nats-server. The times and orders are tested with a clock of the tests' own in
// unit/cluster/nats/nats-lease.test.ts.

import { randomUUID } from "node:crypto";
import { jetstreamManager } from "@nats-io/jetstream";
import { afterEach, describe, expect, test } from "vitest";
import { connectNats } from "../../src/cluster/nats/connect-nats.ts";
import { openNatsLease } from "../../src/cluster/nats/nats-lease.ts";
import { subjectsOf } from "../../src/cluster/subjects.ts";
import { NATS_SERVER, type NatsServerOptions, startNats } from "../support/cluster/nats-server.ts";
import { quietLog } from "../support/cluster/quiet-log.ts";
import { until } from "../support/start-service.ts";

const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
});

async function nats(options: NatsServerOptions = {}) {
  const server = await startNats(options);
  closings.push(server.close);
  return server;
}

async function gateway(url: string) {
  const { log, lines } = quietLog();
  const id = randomUUID();
  const link = await connectNats({ settings: { cluster: [url] }, name: id, log });
  const bucket = subjectsOf("test").leaseBucket;
  const lease = openNatsLease({ link, bucket, gateway: id, log });
  const changes: boolean[] = [];
  lease.onChange((isHeld) => changes.push(isHeld));
  closings.push(async () => {
    await lease.close();
    await link.close();
  });
  return { id, link, lease, lines, changes };
}

async function activeAndStandby(url: string) {
  const a = await gateway(url);
  await until(() => a.lease.isHeld, "the first gateway is active");
  const b = await gateway(url);
  await until(() => b.lease.holder === a.id, "the second gateway knows it");
  return { a, b };
}

describe.skipIf(NATS_SERVER === null)("the lease in a real nats-server", () => {
  test("goes to the standby at once when the active gateway closes", async () => {
    const { url } = await nats();
    const { a, b } = await activeAndStandby(url);

    await a.lease.close();
    await until(() => b.lease.isHeld, "the standby is active");

    expect(a.changes).toEqual([true, false]);
    expect(b.lease.term).toBeGreaterThan(a.lease.term);
  });

  test("goes to the standby when the active gateway is gone without a word", async () => {
    const { url } = await nats();
    const { a, b } = await activeAndStandby(url);

    await a.link.close();
    await until(() => b.lease.isHeld, "the standby is active");

    expect(a.lease.isHeld).toBe(false);
    expect(b.lease.term).toBeGreaterThan(a.lease.term);
  });

  test("returns to the same gateway after a restart of the server, which has lost the bucket", async () => {
    const server = await nats();
    const { a, b } = await activeAndStandby(server.url);
    const { term } = a.lease;

    await server.kill();
    await until(() => !a.lease.isHeld, "the lease has ended");
    await server.start();
    await until(() => a.lease.isHeld, "the same gateway is active again");
    await until(() => b.link.isConnected && b.lease.holder === a.id, "the standby knows it");

    expect(a.lease.term).toBeGreaterThan(term);
    expect(b.changes).toEqual([]);
    expect([...a.lines, ...b.lines].filter((line) => line.includes("cannot reach"))).toEqual([]);
    expect([...a.lines, ...b.lines].filter((line) => line.startsWith("error"))).toEqual([]);
  });

  test("survives a bucket that someone deletes", async () => {
    const { url } = await nats();
    const { a, b } = await activeAndStandby(url);
    const { term } = a.lease;

    const manager = await jetstreamManager(b.link.nats);
    await manager.streams.delete(`KV_${subjectsOf("test").leaseBucket}`);
    await until(() => a.lease.term > term && a.lease.isHeld, "it has a new entry");

    expect([...a.lines, ...b.lines].filter((line) => line.startsWith("error"))).toEqual([]);
  });

  test("is not possible without JetStream: one line says what to do", async () => {
    const { url } = await nats({ hasJetStream: false });

    const { lease, lines } = await gateway(url);
    await until(() => lines.length > 1, "a line about it");

    expect(lease.isHeld).toBe(false);
    expect(lines.at(-1)).toContain("has no JetStream");
    expect(lines.at(-1)).toContain("-js");
  });
});
