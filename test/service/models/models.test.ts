// The list of served models at /v1/models.

import { afterEach, expect, test } from "vitest";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

let running: RunningService;
afterEach(async () => running.close());

type Model = {
  id: string;
  object: string;
  meta: { state: string; n_ctx?: number; aliases: string[] };
};

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

test("the entry of a model lists its other names, and the entry of such a name only the first one", async () => {
  running = await startWithFake({}, { alias: ["gpt-4o", "small", "tiny"] });

  const { body } = await get("/v1/models");
  const one = await get("/v1/models/tiny");

  const aliases = body.data.map(({ meta }) => meta.aliases);
  expect(aliases).toEqual([["small", "tiny"], ["gpt-4o"], ["gpt-4o"]]);
  expect(one.body.meta.aliases).toEqual(["gpt-4o"]);
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

test("lists the models in Anthropic's form for its clients, and pages through them", async () => {
  running = await startWithFake({}, { alias: ["a", "b", "c"] });
  const forAnthropic = async (path: string) => {
    const headers = { "anthropic-version": "2023-06-01" };
    const response = await fetch(`${running.url}/v1/models${path}`, { headers });
    return { status: response.status, body: (await response.json()) as object };
  };
  const model = (id: string) => ({
    ...{ type: "model", id, display_name: id, created_at: expect.stringMatching(/^\d{4}-.*Z$/) },
    ...{ max_input_tokens: 4096, max_tokens: 4096 },
  });
  const page = (ids: readonly string[], has_more: boolean) => ({
    ...{ data: ids.map(model), has_more },
    ...{ first_id: ids.at(0), last_id: ids.at(-1) },
  });

  expect((await forAnthropic("")).body).toEqual(page(["a", "b", "c"], false));
  expect((await forAnthropic("?limit=2")).body).toEqual(page(["a", "b"], true));
  expect((await forAnthropic("?limit=2&after_id=b")).body).toEqual(page(["c"], false));
  expect((await forAnthropic("?limit=1&before_id=c")).body).toEqual(page(["b"], true));
  expect((await forAnthropic("/b")).body).toEqual(model("b"));
  const unknown = await forAnthropic("/no");
  expect([unknown.status, (await forAnthropic("?after_id=no")).status]).toEqual([404, 400]);
  expect(unknown.body).toMatchObject({ type: "error", error: { type: "not_found_error" } });
});
