// `sluice node` as a process, with a real model and a real nats-server, and a gateway by hand.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { ClusterLink } from "../../src/cluster/link.ts";
import type { Announcement, AnnouncementPacket, NodeId } from "../../src/cluster/messages.ts";
import { connectNats } from "../../src/cluster/nats/connect-nats.ts";
import { subjectsOf } from "../../src/cluster/subjects.ts";
import { PLAIN_PREPARED } from "../support/clients/requests.ts";
import { NATS_SERVER, startNats } from "../support/cluster/nats-server.ts";
import { quietLog } from "../support/cluster/quiet-log.ts";
import { startOf, TestGateway } from "../support/cluster/test-gateway.ts";
import { until } from "../support/start-service.ts";

const MAIN = path.resolve(import.meta.dirname, "../../dist/main.js");
const CLUSTER = "sluice";
const CREDIT = 100_000;

const closings: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
});

type NodeProcess = {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly exit: Promise<number | null>;
};

function spawnNode(url: string, ...args: readonly string[]): NodeProcess {
  const own = ["--cluster", url, "--node-name", "n1", "--port", "0", "--log-format", "json"];
  const child = spawn(process.execPath, [MAIN, "node", ...own, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  closings.push(() => child.kill("SIGKILL"));
  let text = "";
  child.stdout.on("data", (bytes) => (text += bytes));
  child.stderr.on("data", (bytes) => (text += bytes));
  const exit = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, output: () => text, exit };
}

/** A node that is ready, and a gateway that it knows. */
async function startedNode(...args: readonly string[]) {
  const nats = await startNats({ hasJetStream: false });
  closings.push(nats.close);
  const { log } = quietLog();
  const link = await connectNats({ settings: { cluster: [nats.url] }, name: "test", log });
  closings.push(() => link.close());
  let last: Announcement | null = null;
  link.subscribe(subjectsOf(CLUSTER).announcements, (packet) => {
    last = (packet as AnnouncementPacket).messages[0];
  });
  const announced = () => last;
  const node = spawnNode(nats.url, ...args);
  await until(() => announced()?.models[0]?.state === "ready", "the model is announced as ready");
  const announcement = announced();
  const model = announcement?.models[0];
  if (!announcement || !model) throw new Error("the node has announced no model");
  const id: NodeId = { name: announcement.name, incarnation: announcement.incarnation };
  const from = { id: "g1", term: 1 };
  const gateway = new TestGateway<ClusterLink>({ link, from, cluster: CLUSTER, node: id });
  return { ...node, nats, gateway, announced, model };
}

/** Says twice a second what the gateway waits for, as a gateway does. */
function keepSyncing(
  gateway: TestGateway<ClusterLink>,
  run: string,
  questions: readonly string[],
): void {
  const next = () => gateway.eventsOf(run).length;
  const timer = setInterval(() => {
    void gateway.sync([{ id: run, next: next(), creditBytes: CREDIT }], questions);
  }, 500);
  closings.push(() => clearInterval(timer));
}

describe.skipIf(NATS_SERVER === null)("a node", () => {
  test("announces its model, generates, answers questions, and says what it does over HTTP", async () => {
    const { gateway, model, output, announced } = await startedNode();
    expect(model).toMatchObject({ names: ["builtin"], kind: "chat", slots: 4 });
    keepSyncing(gateway, "r1.0", ["q1", "e1"]);
    const question = { type: "detokenize", tokens: [1, 2] } as const;
    const request = { ...PLAIN_PREPARED, maxTokens: 8, ignoreEos: true };
    await gateway.send(
      { type: "ask", id: "q1", model: model.key, question },
      startOf("r1.0", { model: model.key, request, creditBytes: CREDIT }),
      {
        ...{ type: "embed", id: "e1", model: model.key },
        request: {
          ...{ type: "embed", inputs: ["a", "b"], dimensions: null },
          ...{ inputPath: "input", truncates: false },
        },
      },
    );
    await until(
      () => gateway.eventsOf("r1.0").some((event) => event.endsWith("finish")),
      "the run finishes",
    );
    await until(() => gateway.receivedOf("embedded").length > 0, "the embeddings arrive");
    expect(gateway.receivedOf("answered")).toMatchObject([{ id: "q1" }]);
    expect(gateway.receivedOf("embedded")[0]?.vectors).toHaveLength(2);
    const numbers = gateway.eventsOf("r1.0").map((event) => Number.parseInt(event, 10));
    expect(numbers).toEqual(numbers.map((_, index) => index));
    await until(
      () => announced()?.models[0]?.decodeTokensPerSecond !== null,
      "the speed is announced",
    );

    const [, url] = /"urls":\["([^"]+)"/.exec(output()) ?? [];
    const ready = await fetch(`${url}/ready`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      {
        ...{ status: "ready", node: "n1" },
        models: [{ model: "builtin", status: "ready", reason: null }],
      },
    ]);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('sluice_model_slots_busy{model="builtin"} 0');
    expect(metrics).toMatch(/sluice_step_seconds_count\{model="builtin"\} [1-9]/);
    expect((await fetch(`${url}/v1/models`)).status).toBe(404);
  });

  test("moves its runs when it is told to end, and ends with code 0", async () => {
    const { gateway, model, child, exit, announced } = await startedNode("--drain-timeout", "1s");
    keepSyncing(gateway, "r1.0", []);
    const request = { ...PLAIN_PREPARED, maxTokens: 4000, ignoreEos: true };
    const options = { model: model.key, request, creditBytes: 500 };
    await gateway.send(startOf("r1.0", options));
    await until(() => gateway.eventsOf("r1.0").length > 0, "the run begins");
    child.kill("SIGTERM");
    await until(() => announced()?.isDraining === true, "the draining is announced");
    expect(await exit).toBe(0);
    expect(gateway.received.at(-1)).toEqual({ type: "moved", ids: ["r1.0"] });
  });

  test("ends with code 1 and one line when a newer process has its name; leaves the usage folder to gateways", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "sluice-node-usage-"));
    closings.push(() => rmSync(folder, { recursive: true }));
    const { gateway, exit, output } = await startedNode("--usage-dir", folder);
    expect(readdirSync(folder)).toEqual([]);
    await gateway.send({ type: "fence", by: { name: "n1", incarnation: "newer" } });
    expect(await exit).toBe(1);
    expect(output().match(/a newer process has the name n1/g)).toHaveLength(1);
  });

  test("is not ready without NATS, and ends at once while it tries to connect", async () => {
    const { child, exit, output } = spawnNode("nats://127.0.0.1:1");
    await until(() => output().includes("builtin is loaded"), "the model is loaded");
    const [, url] = /"urls":\["([^"]+)"/.exec(output()) ?? [];
    const ready = await fetch(`${url}/ready`);
    expect([ready.status, await ready.json()]).toMatchObject([503, { status: "disconnected" }]);
    child.kill("SIGTERM");
    expect(await exit).toBe(0);
  });
});
