// The list of served models at /v1/models.

import { afterEach, expect, test } from "vitest";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

let running: RunningService;
afterEach(async () => running.close());

type Model = { id: string; object: string; meta: { state: string; n_ctx?: number } };

async function get(path: string): Promise<{ status: number; body: { data: Model[] } & Model }> {
  const response = await fetch(`${running.url}${path}`);
  return { status: response.status, body: (await response.json()) as { data: Model[] } & Model };
}

test("lists the served model under each of its names, with its context", async () => {
  running = await startWithFake({}, { alias: ["gpt-4o", "small"] });

  const { body } = await get("/v1/models");

  expect(body.data.map(({ id }) => id)).toEqual(["gpt-4o", "small"]);
  expect(body.data[0]).toMatchObject({ object: "model", meta: { state: "ready", n_ctx: 4096 } });
});

test("lists separate models for embeddings and ranking too", async () => {
  running = await startWithFake(
    {},
    { embeddingModel: "/models/embed.gguf", rerankModel: "/models/rank.gguf" },
  );

  const { body } = await get("/v1/models");
  const one = await get("/v1/models/embed");

  expect(body.data.map(({ id }) => id)).toEqual(["builtin", "embed", "rank"]);
  expect(one.body).toMatchObject({ id: "embed", object: "model", meta: { state: "unloaded" } });
  expect((await get("/v1/models/other")).status).toBe(404);
});
