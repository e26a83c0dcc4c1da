// A load test drops its connections in the middle of their answers; one step later every slot must be free. A step takes less
// than a millisecond, so run it on a quiet machine.

import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import type autocannon from "autocannon";
import { afterAll, beforeAll, expect, test } from "vitest";
import { metric, type RunningService, startWithModel, until } from "../support/start-service.ts";

const SLOTS = 4;
const BATCH = 32;
const COMMAND = createRequire(import.meta.url).resolve("autocannon");
const ENDLESS = {
  messages: [{ role: "user", content: "What is streaming?" }],
  max_tokens: 4000,
  ignore_eos: true,
  stream: true,
};

let running: RunningService;
beforeAll(async () => {
  running = await startWithModel({ threads: 1, slots: SLOTS, batchSize: BATCH });
});
afterAll(async () => running.close());

/** Runs in a separate process, so that its work does not slow down the server. */
async function fire(connections: number, ...body: string[]): Promise<autocannon.Result> {
  const flags = ["-c", `${connections}`, "-d", "1", "-m", "POST", "-j", "-n"];
  const header = ["-H", "content-type=application/json"];
  const args = [COMMAND, ...flags, ...header, ...body, `${running.url}/v1/chat/completions`];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });
  return JSON.parse(stdout) as autocannon.Result;
}

test.each(["buffered", "streamed"])("the %s body of bench/bodies is served", async (name) => {
  const {
    errors,
    non2xx,
    "2xx": served,
  } = await fire(2 * SLOTS, "-i", `bench/bodies/${name}.json`);

  expect([errors, non2xx]).toEqual([0, 0]);
  expect(served).toBeGreaterThan(0);
  await until(() => running.service.queue.inside === 0, "all are gone");
});

test.each([
  ["no more connections than slots", SLOTS, 2 * SLOTS], // for each, the running step and one more
  ["as many again waiting", 2 * SLOTS, 2 * BATCH], // one of these steps reads prompts of waiting requests
])("with %s, all slots are free a step after it has gone", async (_name, connections, bound) => {
  const wastedBefore = await metric(running.url, "sluice_tokens_after_leaving_total");
  const firing = fire(connections, "-b", JSON.stringify(ENDLESS));
  await until(() => running.service.queue.inside === connections, "all are inside");

  await firing;

  await until(() => running.service.queue.inside === 0, "all are gone");
  const wasted = (await metric(running.url, "sluice_tokens_after_leaving_total")) - wastedBefore;
  expect(wasted).toBeLessThanOrEqual(bound);
});
