// The connection of gateways and nodes to a real nats-server.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { connectNats, type NatsSettings } from "../../src/cluster/nats/connect-nats.ts";
import { ClusterConnectionError } from "../../src/cluster/nats/connection-error.ts";
import type { NatsLink } from "../../src/cluster/nats/nats-link.ts";
import { makeCertificate } from "../support/clients/certificate.ts";
import { NATS_SERVER, type NatsServerOptions, startNats } from "../support/cluster/nats-server.ts";
import { quietLog } from "../support/cluster/quiet-log.ts";
import { freePort } from "../support/programs/free-port.ts";
import { until } from "../support/start-service.ts";

const folder = mkdtempSync(path.join(tmpdir(), "sluice-link-"));
afterAll(() => rmSync(folder, { recursive: true }));

const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
});

async function nats(options: NatsServerOptions = {}) {
  const server = await startNats({ hasJetStream: false, ...options });
  closings.push(server.close);
  return server;
}

async function linkTo(url: string, settings: Partial<NatsSettings> = {}) {
  const { log, lines } = quietLog();
  const link = await connectNats({ settings: { cluster: [url], ...settings }, name: "test", log });
  closings.push(() => link.close());
  return { link, lines };
}

/** Everything that arrives at a subject. */
function collect(link: NatsLink, subject: string): unknown[] {
  const packets: unknown[] = [];
  link.subscribe(subject, (packet) => packets.push(packet));
  return packets;
}

function file(name: string, text: string): string {
  const place = path.join(folder, name);
  writeFileSync(place, text);
  return place;
}

describe.skipIf(NATS_SERVER === null)("a link", () => {
  test("carries packets in order, small ones and those far above max_payload", async () => {
    const { url } = await nats();
    const [{ link: a }, { link: b }] = await Promise.all([linkTo(url), linkTo(url)]);
    const packets = collect(b, "x.y");
    await b.nats.flush();
    const sent = [
      { number: 1 },
      { tokens: new Uint32Array(400_000).fill(7) },
      { text: "ü".repeat(1_000_000) },
      { logprob: Number.NEGATIVE_INFINITY },
    ];

    for (const packet of sent) a.publish("x.y", packet);
    await until(() => packets.length === sent.length, "all packets arrive");

    expect(packets).toEqual(sent);
  });

  test("reports each loss and return of the connection, and drops packets in between", async () => {
    const server = await nats();
    const [{ link: a, lines }, { link: b }] = await Promise.all([
      linkTo(server.url),
      linkTo(server.url),
    ]);
    const changes: boolean[] = [];
    a.onConnection((isConnected) => changes.push(isConnected));
    const packets = collect(b, "x.y");

    await server.kill();
    await until(() => !a.isConnected && !b.isConnected, "the loss is noticed");
    a.publish("x.y", { number: 1 });
    await server.start();
    await until(() => a.isConnected && b.isConnected, "both are connected again");
    await b.nats.flush(); // the server has its subscription again
    a.publish("x.y", { number: 2 });
    await until(() => packets.length > 0, "a packet arrives");

    expect(packets).toEqual([{ number: 2 }]);
    expect(changes).toEqual([false, true]);
    expect(lines.map((line) => line.replace(/at .*:\d+/, "at HOST"))).toEqual([
      "info: connected to NATS at HOST",
      "warn: the connection to NATS is lost; trying to connect again",
      "info: connected to NATS at HOST again",
    ]);
  });

  test("notices a server that does not answer", async () => {
    const server = await nats();
    const { link } = await linkTo(server.url);

    server.pause();
    await until(() => !link.isConnected, "the loss is noticed");
    server.resume();

    await until(() => link.isConnected, "it is connected again");
  });

  test("waits for the first connection with one line, also in a list of servers", async () => {
    const port = await freePort();
    const { log, lines } = quietLog();
    const cluster = [`nats://127.0.0.1:${port}`];
    const waiting = connectNats({ settings: { cluster }, name: "test", log });
    await until(() => lines.length > 0, "it has tried");
    const server = await nats();
    const { link } = await linkTo(cluster[0] ?? "", { cluster: [...cluster, server.url] });

    expect(link.nats.getServers()).toHaveLength(2);
    expect(lines).toEqual([
      `warn: cannot connect to NATS at 127.0.0.1:${port}: connection refused; trying again`,
    ]);
    const late = await nats({ port });
    closings.push(async () => (await waiting).close());
    expect((await waiting).isConnected).toBe(true);
    await late.kill();
  });

  test("ends its attempts by a signal", async () => {
    const { log } = quietLog();
    const controller = new AbortController();
    const settings = { cluster: [`nats://127.0.0.1:${await freePort()}`] };
    const waiting = connectNats({ settings, name: "test", log, signal: controller.signal });

    controller.abort(new Error("stopped"));

    await expect(waiting).rejects.toThrow(/stopped|aborted/);
  });

  test("survives a receiver that throws and packets that nobody can read", async () => {
    const { url } = await nats();
    const { link, lines } = await linkTo(url);
    const packets: unknown[] = [];
    link.subscribe("x", (packet) => {
      packets.push(packet);
      if (packets.length === 1) throw new Error("a bug");
    });

    link.publish("x", { number: 1 });
    link.nats.publish("x", "no packet");
    link.publish("x", { number: 2 });
    await until(() => packets.length === 2, "the next packet arrives");

    expect(lines.filter((line) => line.startsWith("error"))).toEqual([
      expect.stringContaining("a packet of x failed: Error"),
      expect.stringContaining("error: a packet of x cannot be read"),
    ]);
  });
});

describe.skipIf(NATS_SERVER === null)("credentials", () => {
  test.each([
    ["a file with USER:PASSWORD", ["--user", "ann", "--pass", "s:ecret"], "ann:s:ecret\n"],
    ["a file with a token", ["--auth", "a-token"], "a-token\n"],
  ])("may be %s", async (_, flags, text) => {
    const { url } = await nats({ flags });

    const { link } = await linkTo(url, { clusterCredentials: file("credentials", text) });

    expect(link.isConnected).toBe(true);
  });

  test("may be in the URL, which no line of the log shows", async () => {
    const { port } = await nats({ flags: ["--user", "ann", "--pass", "se/cret"] });

    const { link, lines } = await linkTo(`nats://ann:se%2Fcret@127.0.0.1:${port}`);

    expect(link.isConnected).toBe(true);
    expect(lines.join()).not.toMatch(/ann|cret/);
  });

  test("that are wrong end the first attempt with one clear line", async () => {
    const { port } = await nats({ flags: ["--user", "ann", "--pass", "secret"] });
    const { log, lines } = quietLog();
    const settings = { cluster: [`nats://ann:wrong@127.0.0.1:${port}`] };

    const connecting = connectNats({ settings, name: "test", log });

    await expect(connecting).rejects.toThrow(
      `NATS at 127.0.0.1:${port} refuses the credentials (Authorization Violation); see --cluster-credentials`,
    );
    await expect(connecting).rejects.toBeInstanceOf(ClusterConnectionError);
    expect(lines).toEqual([]);
  });

  test("that are changed at the server are read again", async () => {
    const server = await nats({ flags: ["--auth", "first"] });
    const credentials = file("changing", "first");
    const { link } = await linkTo(server.url, { clusterCredentials: credentials });
    await server.kill();
    await until(() => !link.isConnected, "the loss is noticed");
    const other = await nats({ flags: ["--auth", "second"], port: server.port });
    await until(() => other.log().includes("authentication error"), "the old token is refused");

    writeFileSync(credentials, "second");

    await until(() => link.isConnected, "the new token is used");
  });
});

const certificate = makeCertificate(folder, "nats");

describe.skipIf(NATS_SERVER === null || certificate === null)("TLS", () => {
  const { cert: certFile = "", key: keyFile = "" } = certificate ?? {};
  const tls = ["--tls", "--tlscert", certFile, "--tlskey", keyFile];

  test("is used with the certificate of an own authority", async () => {
    const { port } = await nats({ flags: tls });

    const { link } = await linkTo(`tls://localhost:${port}`, { clusterCa: certFile });

    expect(link.isConnected).toBe(true);
  });

  test("of a server that nobody vouches for is not used: one line says why", async () => {
    const { port } = await nats({ flags: tls });
    const { log, lines } = quietLog();
    const controller = new AbortController();
    const settings = { cluster: [`tls://localhost:${port}`] };
    const connecting = connectNats({ settings, name: "test", log, signal: controller.signal });
    connecting.catch(() => {});

    await until(() => lines.length > 0, "a line");
    controller.abort();

    await expect(connecting).rejects.toThrow();
    expect(lines).toEqual([
      expect.stringMatching(/cannot connect to NATS .* self-signed certificate/),
    ]);
  });

  test("with a client certificate is used where the server requires one", async () => {
    const { port } = await nats({ flags: [...tls, "--tlsverify", "--tlscacert", certFile] });
    const clientFiles = { clusterCert: certFile, clusterKey: keyFile };

    const { link } = await linkTo(`tls://localhost:${port}`, {
      clusterCa: certFile,
      ...clientFiles,
    });

    expect(link.isConnected).toBe(true);
  });

  test("is not left out for a tls:// address of a server without it", async () => {
    const { port } = await nats();
    const { log, lines } = quietLog();
    const controller = new AbortController();
    const settings = { cluster: [`tls://ann:secret@localhost:${port}`] };
    const connecting = connectNats({ settings, name: "test", log, signal: controller.signal });
    connecting.catch(() => {});

    await until(() => lines.length > 0, "a line");
    controller.abort();

    await expect(connecting).rejects.toThrow();
    expect(lines.join()).toContain("cannot connect");
  });
});

describe("settings that cannot work end the attempt:", () => {
  const none = path.join(folder, "none");

  test.each<[string, Partial<NatsSettings>, string]>([
    ["no URL", { cluster: ["nats://"] }, "is no URL of a NATS server"],
    ["another protocol", { cluster: ["http://ann:secret@a"] }, '"http://***@a" is no URL'],
    ["no servers", { cluster: [] }, "--cluster is missing"],
    [
      "a missing file",
      { clusterCredentials: none },
      `--cluster-credentials: cannot read ${none}: ENOENT`,
    ],
    ["an empty file", { clusterCredentials: file("empty", "\n") }, "is empty; allowed are"],
    ["a missing certificate", { clusterCa: none }, `--cluster-ca: cannot read ${none}: ENOENT`],
  ])("%s", async (_, settings, message) => {
    const { log } = quietLog();
    const cluster = ["nats://127.0.0.1:1"];

    await expect(
      connectNats({ settings: { cluster, ...settings }, name: "test", log }),
    ).rejects.toThrow(message);
  });
});
