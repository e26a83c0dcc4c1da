// Several models beside each other: their names and settings, also when these change while the server runs, the limits of a key
// over all of them.

import { copyFileSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { chat, post, postSse, readAll } from "../../../support/clients/sse-client.ts";
import type { FakeEngineOptions } from "../../../support/engines/fake-engine.ts";
import { newKeysFile } from "../../../support/keys.ts";
import {
  BUILTIN_MODEL,
  type FleetSetup,
  type RunningFleet,
  skipTime,
  startFleet,
  until,
} from "../../../support/start-service.ts";

let running: RunningFleet;
afterEach(async () => {
  vi.restoreAllMocks();
  await running.close();
});

async function start(setup: FleetSetup) {
  running = await startFleet(setup);
  return running;
}

type Headers = Record<string, string>;
const chatUrl = () => `${running.url}/v1/chat/completions`;
const ask = (model: string, headers: Headers = {}, changes: object = {}) =>
  post(chatUrl(), chat({ model, ...changes }), headers);
const streamOf = (model: string, headers: Headers = {}) =>
  postSse(chatUrl(), chat({ model, stream: true, max_tokens: 4_000 }), headers);
const words = Array.from({ length: 40 }, (_, number) => `${number} `);
const writing = { engine: { texts: words, tokenMs: 5 } };
const endless: FakeEngineOptions = { tokens: Number.POSITIVE_INFINITY, tokenMs: 2 };

async function idsOf(): Promise<string[]> {
  const { data } = (await (await fetch(`${running.url}/v1/models`)).json()) as {
    data: { id: string }[];
  };
  return data.map(({ id }) => id);
}

async function idIn(answer: Response): Promise<unknown> {
  return answer.ok ? ((await answer.json()) as { model: string }).model : answer.status;
}

describe("the limits of a key hold over all models together", () => {
  async function startWithKey(...limits: string[]) {
    const keys = newKeysFile();
    const key = keys.add("me", ...limits);
    const models = { a: { engine: endless }, b: { engine: endless } };
    await start({ models, settings: { keysFile: keys.path } });
    return key;
  }

  test("requests in slots, and waiting ones", async () => {
    const key = await startWithKey("--concurrent", "1", "--waiting", "1");
    const first = await streamOf("a", { ...key, "x-request-id": "1" });
    await until(() => running.engine("a").running === 1, "the first one runs");
    const second = ask("b", { ...key, "x-request-id": "2" }, { max_tokens: 4_000 });
    const usage = async () => {
      const response = await fetch(`${running.url}/v1/usage`, { headers: key });
      return ((await response.json()) as { data: object[] }).data[0];
    };
    await until(() => running.engine("b").requests.length === 1, "the second one is prepared");
    await until(() => running.service.queue.waiting === 1, "the second one waits");
    const third = await ask("b", key);

    expect(await usage()).toMatchObject({ running: 1, waiting: 1 });
    expect(third.status).toBe(429);
    expect(await third.text()).toContain("this key has 1 running and 1 waiting");
    expect(running.engine("b").running).toBe(0);
    const list = await fetch(`${running.url}/v1/requests`, { headers: key });
    expect(await list.json()).toMatchObject({
      data: [
        { id: "1", model: "a", status: "running" },
        { id: "2", model: "b", status: "queued" },
      ],
    });
    first.leave();
    await until(() => running.engine("b").running === 1, "the second one begins");
    await fetch(`${running.url}/v1/requests/2`, { method: "DELETE", headers: key });
    expect((await second).status).toBe(409);
  });

  test("tokens per minute", async () => {
    const key = await startWithKey("--tokens-per-minute", "20");
    expect((await ask("a", key, { max_tokens: 10 })).status).toBe(200);
    expect((await ask("b", key, { max_tokens: 30 })).status).toBe(200);
    const refused = [await ask("a", key), await ask("b", key)];

    expect(refused.map(({ status }) => status)).toEqual([429, 429]);
    const usage = await fetch(`${running.url}/v1/usage`, { headers: key });
    expect(await usage.json()).toMatchObject({
      data: [{ key: "me", requests: 2, completion_tokens: 40, running: 0, waiting: 0 }],
    });
  });
});

describe("a model is asked for", () => {
  test("by its name, its other names, and any name if the first one takes them all", async () => {
    const models = { a: {}, b: { aliases: ["bee"] } };
    await start({ models, settings: { alias: ["first", "*"] } });
    const names = ["a", "first", "b", "bee", "b:latest", "gpt-5"];
    const answered = await Promise.all(names.map(async (name) => idIn(await ask(name))));

    expect(answered).toEqual(["a", "first", "b", "bee", "b", "a"]);
    expect(await idsOf()).toEqual(["a", "first", "b", "bee"]);
    expect(running.engine("b").loads).toBe(1);
  });

  test("by its file in the models folder, from the copy to the removal of the file", async () => {
    await start({ models: { a: {} }, settings: { modelsDir: folder } });
    expect(await idIn(await ask("new"))).toBe(404);
    skipTime(running, 1_000); // the folder is read once a second
    copyFileSync(BUILTIN_MODEL, path.join(folder, "new.gguf"));
    expect([await idIn(await ask("new")), await idsOf()]).toEqual(["new", ["a", "new"]]);
    const engine = running.engine("new");
    rmSync(path.join(folder, "new.gguf"));
    skipTime(running, 1_000);

    expect([await idsOf(), await idIn(await ask("new"))]).toEqual([["a"], 404]);
    await until(() => running.service.fleet.models.length === 1, "it is gone");
    expect(engine.unloads).toBe(1);
  });

  test("in the settings, if a file of the folder has the same name", async () => {
    const settings = { modelsDir: folder };
    await start({ models: { a: {}, b: {} }, settings });
    copyFileSync(BUILTIN_MODEL, path.join(folder, "b.gguf"));
    skipTime(running, 1_000);

    expect(await idsOf()).toEqual(["a", "b"]);
    expect(running.service.models.find("b").model.source).toBe("settings");
  });

  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "sluice-offered-"));
  });
  afterEach(async () => rm(folder, { recursive: true }));
});

describe("when the settings change while the server runs", () => {
  test("a model that is new is served at once", async () => {
    const { reload, modelOf } = await start({ models: { a: {}, b: {} } });
    reload({ model: [modelOf("a")] });
    expect([await idIn(await ask("b")), await idsOf()]).toEqual([404, ["a"]]);
    reload({ model: [modelOf("a"), modelOf("b")] });

    expect([await idIn(await ask("b")), await idsOf()]).toEqual(["b", ["a", "b"]]);
    expect(running.engine("a").loads).toBe(1); // nothing changed for it
  });

  test("a model that is removed finishes the requests that it has accepted", async () => {
    const models = { a: {}, b: { ...writing, slots: 1 } };
    const { reload, modelOf, engine, service } = await start({ models });
    const reading = streamOf("b").then(readAll);
    await until(() => engine("b").tokensComputed > 2, "it writes");
    const next = streamOf("b").then(readAll);
    await until(() => service.queue.waiting === 1, "another one waits for its slot");
    const removed = engine("b");
    reload({ model: [modelOf("a")] });

    expect(await idIn(await ask("b"))).toBe(404);
    for (const each of [reading, next]) expect((await each).text).toBe(words.join(""));
    await until(() => service.fleet.models.length === 1, "it is gone");
    expect([removed.cut, removed.unloads, service.queue.inside]).toEqual([0, 1, 0]);
  });

  test("a stream of a removed model whose client does not read makes room, and is finished later", async () => {
    const big = { memory: { ramBytes: 6, vramBytes: 0 } };
    const slow = { texts: ["x".repeat(65_536)], tokens: 200, parkTimeoutMs: 10, model: big };
    const { reload, modelOf, engine, service } = await start({
      models: { a: { engine: { model: big } }, b: { engine: slow } },
      settings: { memoryBudget: 10 },
    });
    const stream = await streamOf("b");
    await until(() => service.queue.busy === 1, "it has begun");
    let computed = -1;
    await until(() => {
      const isStill = computed === engine("b").tokensComputed && computed > 0;
      computed = engine("b").tokensComputed;
      return isStill;
    }, "it stands still");
    const removed = engine("b");
    reload({ model: [modelOf("a")] });
    skipTime(running, 60_000);
    expect([await idIn(await ask("a")), removed.unloads]).toEqual(["a", 1]);

    expect((await readAll(stream)).text).toHaveLength(200 * 65_536);
    await until(() => service.fleet.models.length === 1, "it is forgotten");
    expect([removed.loads, removed.unloads, removed.cut]).toEqual([2, 2, 0]);
  });

  test.each([{ slots: 2 }, { context: 512 }])(
    "a model with other %o is loaded again, while the old one finishes its streams",
    async (change) => {
      const { reload, modelOf, engine, service } = await start({ models: { a: {}, b: writing } });
      const reading = streamOf("b").then(readAll);
      await until(() => engine("b").tokensComputed > 2, "it writes");
      const old = engine("b");
      reload({ model: [modelOf("a"), { ...modelOf("b"), ...change }] });
      const next = await ask("b", {}, { max_tokens: 2 });

      expect([await idIn(next), old.running, old.unloads]).toEqual(["b", 1, 0]);
      expect((await reading).text).toBe(words.join(""));
      await until(() => old.unloads === 1, "the old one is unloaded");
      expect([old.cut, engine("b") === old, engine("b").loads]).toEqual([0, false, 1]);
      await until(() => service.fleet.models.length === 2, "the old one is forgotten");
      expect([await idIn(await ask("b")), service.queue.inside]).toEqual(["b", 0]);
    },
  );

  test("a model that is new and preloaded is loaded at once", async () => {
    const { reload, modelOf, engine } = await start({ models: { a: {}, b: {} } });
    reload({ model: [modelOf("a"), { ...modelOf("b"), isPreloaded: true }] });

    await until(() => engine("b").loads === 1, "it is loaded");
  });

  test("those that wait for a model whose settings change are told to send their request again", async () => {
    const { reload, modelOf, engine, service } = await start({ models: { a: {}, b: {} } });
    engine("b").holdLoads();
    const waiting = ask("b");
    await until(() => engine("b").loads === 1, "it is being loaded");
    const old = engine("b");
    reload({ model: [modelOf("a"), { ...modelOf("b"), slots: 2 }] });
    const answer = await waiting;
    old.becomeReady();

    expect([answer.status, Number(answer.headers.get("retry-after")) > 0]).toEqual([503, true]);
    expect(await idIn(await ask("b"))).toBe("b");
    await until(() => service.fleet.models.length === 2, "the old one is gone");
  });

  test("a server closes a model that is being replaced too", async () => {
    const { reload, modelOf, engine, service } = await start({
      models: { a: {}, b: { engine: endless } },
    });
    const stream = await streamOf("b");
    await until(() => engine("b").tokensComputed > 2, "it writes");
    const old = engine("b");
    reload({ model: [modelOf("a"), { ...modelOf("b"), slots: 2 }] });
    await ask("b", {}, { max_tokens: 2 });
    await service.close();

    expect([old, engine("b")].map((each) => each.status().state)).toEqual(["closed", "closed"]);
    stream.leave();
  });

  test("a limit of the queue holds for all models from then on", async () => {
    const models = { a: { engine: endless, slots: 1 }, b: { engine: endless, slots: 1 } };
    const { reload, engine, service } = await start({ models });
    const holders = [await streamOf("a"), await streamOf("b")];
    await until(() => engine("a").running + engine("b").running === 2, "both run");
    const waiting = await streamOf("a");
    await until(() => service.queue.waiting === 1, "one waits");
    reload({ queue: 1 });

    const refused = [await ask("a"), await ask("b")];
    expect(refused.map(({ status }) => status)).toEqual([429, 429]);
    for (const stream of [...holders, waiting]) stream.leave();
  });
});
