// Pulls of models over HTTP, of this server's own API and of Ollama's. What a pull downloads and resumes: pull-jobs.test.ts.

import { EventEmitter, once } from "node:events";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { pullProcesses } from "../../../src/models/pull-process.ts";
import { eventsOf, linesOf } from "../../support/clients/expect-schema.ts";
import { post } from "../../support/clients/sse-client.ts";
import { closeModelServers, MIB, serveModel } from "../../support/downloads/model-server.ts";
import { BUNDLED_PULL } from "../../support/engines/bundled-programs.ts";
import { type FakePull, FakePulls } from "../../support/engines/fake-pulls.ts";
import { newKeysFile } from "../../support/keys.ts";
import { type FolderService, startWithFolder } from "../../support/model-folder.ts";
import { until } from "../../support/start-service.ts";

afterAll(closeModelServers);

type Pull = { readonly id: string; readonly status: string; readonly completed: number };

async function startWithPulls(): Promise<FolderService & { readonly pulls: FakePulls }> {
  const pulls = new FakePulls();
  return { ...(await startWithFolder({ startPull: pulls.start })), pulls };
}

const PULLS = "/v1/models/pulls";
const pull = (running: FolderService, body: object) => post(`${running.url}/v1/models/pull`, body);

async function get<T>({ url }: FolderService, place: string): Promise<T> {
  return (await fetch(url + place)).json() as Promise<T>;
}

function firstOf({ started: [first] }: FakePulls): FakePull {
  if (!first) throw new Error("no pull has been started");
  return first;
}

test("a pull is a job, which others join, and whose model is listed as soon as it is done", async () => {
  const running = await startWithPulls();

  const answer = await pull(running, { model: "qwen3:4b" });
  const job = (await answer.json()) as Pull;
  const same = (await (await pull(running, { model: "qwen3" })).json()) as Pull;
  firstOf(running.pulls).tell(250);
  const half = await get<Pull>(running, `${PULLS}/${job.id}`);
  firstOf(running.pulls).succeed("Qwen3-4B");
  const isDone = async () => (await get<Pull>(running, `${PULLS}/${job.id}`)).status === "done";
  await until(isDone, "it is done");

  expect([answer.status, job]).toMatchObject([
    202,
    { object: "model.pull", model: "qwen3:4b", status: "downloading", total: null, error: null },
  ]);
  expect(same.id).toBe(job.id);
  expect(half).toMatchObject({ completed: 250, total: 1000 });
  expect(await get(running, PULLS)).toMatchObject({ data: [{ id: job.id, name: "Qwen3-4B" }] });
  expect((await fetch(`${running.url}/v1/models/Qwen3-4B`)).status).toBe(200);
});

test.each([
  [
    "of the pull",
    async (running: FolderService) => pull(running, { model: "qwen3", stream: true }),
  ],
  ["with ?stream=1", async (running: FolderService) => followed(running, "?stream=1", {})],
  [
    "with the header accept",
    async (running: FolderService) => followed(running, "", { accept: "text/event-stream" }),
  ],
])("a stream %s has events until the pull has failed", async (_what, open) => {
  const running = await startWithPulls();

  const answer = await open(running);
  firstOf(running.pulls).fail("the disk is full");

  const events = await eventsOf(answer);
  expect(events.at(0)).toMatchObject({ status: "downloading" });
  expect(events.at(-1)).toMatchObject({
    status: "failed",
    error: { message: "the disk is full", code: "download_failed" },
  });
});

async function followed(running: FolderService, query: string, headers: Record<string, string>) {
  const { id } = (await (await pull(running, { model: "qwen3" })).json()) as Pull;
  return fetch(`${running.url}${PULLS}/${id}${query}`, { headers });
}

test("a pull goes on without its clients, until another request cancels it", async () => {
  const running = await startWithPulls();
  const controller = new AbortController();
  const init = { method: "POST", headers: { "content-type": "application/json" } };
  const body = JSON.stringify({ model: "qwen3", stream: true });
  await fetch(`${running.url}/v1/models/pull`, { ...init, body, signal: controller.signal });
  const [job] = (await get<{ data: Pull[] }>(running, PULLS)).data;

  controller.abort();
  const ended = eventsOf(await fetch(`${running.url}${PULLS}/${job?.id}?stream=true`));
  expect(firstOf(running.pulls).isKilled).toBe(false);
  const answer = await fetch(`${running.url}${PULLS}/${job?.id}`, { method: "DELETE" });

  expect(await answer.json()).toMatchObject({ id: job?.id, status: "cancelled" });
  expect((await ended).at(-1)).toMatchObject({ status: "cancelled" });
  expect(firstOf(running.pulls).isKilled).toBe(true);
});

test("an unknown model, an unknown pull and a folder that cannot be written are refused", async () => {
  const running = await startWithPulls();
  const file = path.join(running.folder, "file");
  writeFileSync(file, "");
  const readOnly = await startWithFolder({ settings: { modelsDir: path.join(file, "models") } });

  const answers = [
    await pull(running, { model: "no-such" }),
    await fetch(`${running.url}${PULLS}/pull_x`),
    await pull(readOnly, { model: "qwen3" }),
  ];

  const errors = await Promise.all(answers.map(async (each) => [each.status, await each.json()]));
  expect(errors).toMatchObject([
    [404, { error: { code: "model_not_found", param: "model" } }],
    [404, { error: { code: "not_found" } }],
    [403, { error: { code: "folder_not_writable", message: expect.stringContaining("dir") } }],
  ]);
});

test.for(["/v1/models/pull", "/api/pull"])(
  "%s takes a name of up to 2048 characters, and refuses a longer one by its field",
  async (place) => {
    const running = await startWithPulls();
    const ask = (length: number) => post(running.url + place, { model: "x".repeat(length) });

    const [taken, refused] = [await ask(2048), await ask(2049)];

    expect([taken.status, refused.status]).toEqual([404, 400]);
    expect(await refused.text()).toMatch(/model.*must have at most 2048 characters/);
    expect(running.pulls.started).toEqual([]);
  },
);

test("Ollama's lines tell the progress, and the last one that it succeeded", async () => {
  const running = await startWithPulls();

  const answer = await post(`${running.url}/api/pull`, { model: "qwen3:4b" });
  firstOf(running.pulls).tell(250);
  const lines = linesOf(answer);
  await new Promise((resolve) => setImmediate(resolve)); // the line with 250 bytes is sent
  firstOf(running.pulls).tell(1000, "verifying");
  await new Promise((resolve) => setImmediate(resolve));
  firstOf(running.pulls).succeed("Qwen3-4B");

  const digest = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);
  expect(await lines).toEqual([
    { status: "pulling manifest" },
    { status: expect.stringMatching(/^pulling \w{12}$/), digest, total: 1000, completed: 250 },
    { status: "verifying sha256 digest" },
    { status: "success" },
  ]);
});

test("Ollama's pull without a stream answers when it has ended", async () => {
  const running = await startWithPulls();
  const whole = () => post(`${running.url}/api/pull`, { model: "qwen3:4b", stream: false });
  const end = async (count: number, how: (each: FakePull) => void) => {
    await until(() => running.pulls.started.length === count, "it has begun");
    for (const each of running.pulls.started.slice(-1)) how(each);
  };

  const failed = whole();
  await end(1, (each) => each.fail("cannot reach the hub"));
  const refusal = await failed;
  const succeeded = whole();
  await end(2, (each) => each.succeed("Qwen3-4B"));

  expect([refusal.status, await refusal.json()]).toMatchObject([
    502,
    { error: "cannot reach the hub", code: "download_failed" },
  ]);
  expect(await (await succeeded).json()).toEqual({ status: "success" });
});

test("Ollama's pull ends with the last client that watches it", async () => {
  const running = await startWithPulls();
  const clients = [new AbortController(), new AbortController()];
  for (const { signal } of clients) {
    const init = { method: "POST", body: JSON.stringify({ model: "qwen3:4b" }), signal };
    await fetch(`${running.url}/api/pull`, init);
  }

  clients[0]?.abort();
  await get(running, PULLS);
  expect(firstOf(running.pulls).isKilled).toBe(false);
  clients[1]?.abort();

  await until(() => firstOf(running.pulls).isKilled, "it is cancelled");
  expect(running.pulls.started).toHaveLength(1);
});

test("Ollama's pull of a model that is not served requires the scope admin", async () => {
  const keys = newKeysFile();
  const user = keys.add("user", "--scope", "generate");
  const running = await startWithFolder({ settings: { keysFile: keys.path } });
  const asked = async (model: string) =>
    (await post(`${running.url}/api/pull`, { model, stream: false }, { ...user })).status;

  expect([await asked("builtin"), await asked("qwen3:4b")]).toEqual([200, 403]);
});

// As in pull-jobs.test.ts: the downloader notes its progress now and then.
test("a cancelled pull is resumed by the next one", { retry: 2 }, async () => {
  const gate = new EventEmitter();
  const { url, ranges } = await serveModel({
    async send(response, bytes, { start, count }) {
      if (start !== 5 * MIB || count > 3) return response.end(bytes);
      await once(gate, "open");
      return response.write(bytes.subarray(0, 3 * MIB));
    },
  });
  const running = await startWithFolder({ startPull: pullProcesses(BUNDLED_PULL) });
  const { id } = (await (await pull(running, { model: url })).json()) as Pull;
  const reaches = (bytes: number) =>
    until(
      async () => (await get<Pull>(running, `${PULLS}/${id}`)).completed >= bytes,
      `${bytes} bytes`,
    );
  await reaches(9.75 * MIB);
  gate.emit("open");
  await reaches(12.75 * MIB);

  await fetch(`${running.url}${PULLS}/${id}`, { method: "DELETE" });
  const events = await eventsOf(await pull(running, { model: url, stream: true }));

  expect(events.at(-1)).toMatchObject({ status: "done", name: "model", completed: 15 * MIB });
  expect(ranges.slice(3)).toEqual([{ start: 5 * MIB, end: 10 * MIB }]);
  expect((await fetch(`${running.url}/v1/models/model`)).status).toBe(200);
});
