// Models that compute embeddings or rank documents, beside models for chats: they share the memory.

import { afterEach, expect, test } from "vitest";
import { chat, post } from "../../../support/clients/sse-client.ts";
import { FakeEmbeddingEngine } from "../../../support/engines/fake-embedding-engine.ts";
import {
  BUILTIN_MODEL,
  type FleetSetup,
  type RunningFleet,
  startFleet,
  until,
} from "../../../support/start-service.ts";

let running: RunningFleet;
afterEach(async () => running.close());

async function start(setup: FleetSetup) {
  running = await startFleet(setup);
  return running;
}

const ask = (model: string) => post(`${running.url}/v1/chat/completions`, chat({ model }));

test("the first request for embeddings does not unload the model for chats if both fit", async () => {
  const memory = { ramBytes: 60_000_000, vramBytes: 0 };
  const embedding = new FakeEmbeddingEngine({ model: { memory: { ramBytes: 1e6, vramBytes: 0 } } });
  const { url, engine } = await start({
    models: { a: { engine: { model: { memory } } } },
    settings: { memoryBudget: 1e8, embeddingModel: BUILTIN_MODEL },
    parts: { embeddingEngine: () => embedding },
  });
  expect((await post(`${url}/v1/embeddings`, { input: "one" })).status).toBe(200);

  expect((await ask("a")).status).toBe(200);
  expect([engine("a").loads, engine("a").unloads]).toEqual([1, 0]);
});

test("embeddings that do not fit beside the model for chats are loaded in its place", async () => {
  const memory = { ramBytes: 60_000_000, vramBytes: 0 };
  const embedding = new FakeEmbeddingEngine({ model: { memory } });
  const { url, engine } = await start({
    models: { a: { engine: { model: { memory } } } },
    settings: { memoryBudget: 1e8, embeddingModel: BUILTIN_MODEL },
    parts: { embeddingEngine: () => embedding },
  });
  const answers = [await post(`${url}/v1/embeddings`, { input: "one" }), await ask("a")];

  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect([engine("a").loads, engine("a").unloads]).toEqual([2, 1]);
});

test("embeddings, ranking and chats of a cold model swap in memory for one, and all are answered", async () => {
  const big = { memory: { ramBytes: 6, vramBytes: 0 } };
  const embedding = new FakeEmbeddingEngine({ model: big });
  const { url, engine, service } = await start({
    models: { a: { engine: { model: big } }, b: { engine: { model: big } } },
    settings: { memoryBudget: 10 },
    parts: { embeddingEngine: () => embedding },
  });
  for (const round of [1, 2]) {
    const answers = await Promise.all([
      post(`${url}/v1/embeddings`, { model: "b", input: ["one", "three"] }),
      post(`${url}/v1/rerank`, { model: "b", query: "x", documents: ["one", "two"] }),
      ask("a"),
      ask("b"),
    ]);

    expect([round, ...answers.map(({ status }) => status)]).toEqual([round, 200, 200, 200, 200]);
  }
  expect(service.fleet.memory.ramBytes).toBe(6);
  expect([engine("a").cut, engine("b").cut, embedding.cut]).toEqual([0, 0, 0]);
  await until(() => service.queue.inside + service.embeddingQueue.inside === 0, "nothing is left");
});

test("the list shows the process for the embeddings of a chat model", async () => {
  const memory = { ramBytes: 1, vramBytes: 0 };
  const { url } = await start({
    models: { a: {} },
    parts: { embeddingEngine: () => new FakeEmbeddingEngine({ model: { memory } }) },
  });
  const shown = async () => (await (await fetch(`${url}/v1/models/a`)).json()) as object;
  expect(await shown()).toMatchObject({ meta: { embeddings: null } });
  await post(`${url}/v1/embeddings`, { input: "one" });

  const embeddings = { state: "ready", memory: { ram: 1, vram: 0 } };
  expect(await shown()).toMatchObject({ meta: { kind: "chat", embeddings } });
});
