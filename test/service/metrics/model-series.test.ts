// The series of each served model, and gauges under a second name.

import { afterEach, expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import { deferred } from "../../../src/generation/deferred.ts";
import { metricSum } from "../../support/clients/metric-sum.ts";
import {
  metric,
  type RunningService,
  startFleet,
  startWithFake,
  until,
} from "../../support/start-service.ts";

let running: RunningService;
afterEach(async () => running.close());

const body = (model?: string) => ({
  ...(model === undefined ? {} : { model }),
  messages: [{ role: "user", content: "Hi" }],
  max_tokens: 8,
});

function ask(model?: string): Promise<Response> {
  return fetch(`${running.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body(model)),
  });
}

const scrape = async () => (await fetch(`${running.url}/metrics`)).text();

test("requests, tokens and times have the first name of the model, whichever name the client used", async () => {
  running = await startWithFake({}, { alias: ["big", "gpt-4o"] });

  for (const model of ["big", "gpt-4o", undefined]) expect((await ask(model)).status).toBe(200);
  expect((await ask("unknown")).status).toBe(404);

  const text = await scrape();
  const outcomes = text.split("\n").filter((line) => line.startsWith("sluice_requests_total{"));
  expect(outcomes.sort()).toEqual([
    'sluice_requests_total{model="",outcome="model_not_found"} 1',
    'sluice_requests_total{model="big",outcome="stop"} 3',
  ]);
  for (const name of ["ttft", "itl", "e2e", "queue_time"])
    expect(metricSum(text, `sluice_${name}_seconds_count`, { model: "big" })).toBeGreaterThan(0);
  expect(metricSum(text, "sluice_tokens_total", { model: "big", direction: "out" })).toBe(6);
  expect(text).not.toContain("gpt-4o");
});

test("slots, queue and KV cache are told by model", async () => {
  const release = deferred<void>();
  running = await startWithFake(
    { hold: { afterTokens: 1, until: release.promise }, kvTokens: { running: 1024, kept: 512 } },
    { slots: 2 },
  );
  const answers = [ask(), ask(), ask()];
  const model = "builtin";
  await until(
    async () => (await metric(running.url, "sluice_model_queue_length", { model })) === 1,
    "one request waits",
  );

  const text = await scrape();
  const value = (name: string) => metricSum(text, `sluice_${name}`, { model });
  expect([value("model_slots"), value("model_slots_busy")]).toEqual([2, 2]);
  expect(metricSum(text, "sluice_model_state", { model, state: "ready" })).toBe(1);
  expect(metricSum(text, "sluice_model_state", { model })).toBe(1); // all other states are 0
  const tokens = (use: string) => metricSum(text, "sluice_model_kv_cache_tokens", { model, use });
  expect([tokens("running"), tokens("kept")]).toEqual([1024, 512]);
  expect(value("model_kv_cache_capacity_tokens")).toBe(4 * 4096); // of the fake engine's model
  expect(value("model_kv_cache_usage")).toBe(1024 / (4 * 4096));
  expect(metricSum(text, "sluice_kv_cache_usage")).toBe(1024 / (4 * 4096));
  release.resolve();
  for (const answer of answers) expect((await answer).status).toBe(200);
});

test("memory and state are told for each model, loaded or not", async () => {
  const memory = { ramBytes: 100, vramBytes: 7 };
  const broken = new ServiceError("model_unusable", "no model");
  running = await startFleet({
    models: {
      first: { engine: { model: { memory } } },
      second: {},
      third: { engine: { loadFailure: broken } },
    },
    settings: { memoryBudget: 10_000_000_000, modelsDir: "none" },
  });
  expect((await ask("third")).status).toBe(400);

  const text = await scrape();
  const value = (name: string, model: string) => metricSum(text, `sluice_model_${name}`, { model });
  expect([value("ram_bytes", "first"), value("vram_bytes", "first")]).toEqual([100, 7]);
  expect([value("ram_bytes", "second"), value("ram_bytes", "third")]).toEqual([0, 0]);
  const state = (model: string, name: string) =>
    metricSum(text, "sluice_model_state", { model, state: name });
  expect([state("first", "ready"), state("second", "unloaded"), state("third", "failed")]).toEqual([
    1, 1, 1,
  ]);
  expect(metricSum(text, "sluice_models_ram_budget_bytes")).toBe(10_000_000_000);
  expect(metricSum(text, "sluice_worker_restarts_total")).toBe(0);
});

test("gauges have a second name too, for the Gateway API Inference Extension", async () => {
  running = await startWithFake(
    {},
    {
      metricAlias: [
        "sluice_queue_length=vllm:num_requests_waiting",
        "sluice_slots_busy=vllm:num_requests_running",
        "sluice_kv_cache_usage=vllm:kv_cache_usage_perc",
      ],
    },
  );

  const text = await scrape();
  for (const name of ["num_requests_waiting", "num_requests_running", "kv_cache_usage_perc"]) {
    expect(text).toContain(`# TYPE vllm:${name} gauge\n`);
    expect(metricSum(text, `vllm:${name}`)).toBe(0);
  }
  expect(metricSum(text, "sluice_queue_length")).toBe(0);
});
