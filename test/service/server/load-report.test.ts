// GET /v1/load-report as a load test reads it.

import { afterEach, expect, test } from "vitest";
import { loadReport } from "../../../src/api/sluice/load-report.ts";
import { chat, post } from "../../support/clients/sse-client.ts";
import { newKeysFile } from "../../support/keys.ts";
import { type RunningService, startWithFake, until } from "../../support/start-service.ts";

let running: RunningService | undefined;
afterEach(async () => running?.close());

const TARGETS = "window=5m&ttft=60000&itl=60000";

async function started(...options: Parameters<typeof startWithFake>) {
  const service = await startWithFake(...options);
  running = service;
  const reportFor = async (query: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${service.url}/v1/load-report?${query}`, { headers });
    return { status: response.status, body: await response.json() };
  };
  const ask = async (headers: Record<string, string> = {}) =>
    (await post(`${service.url}/v1/chat/completions`, chat(), headers)).text();
  return { ...service, reportFor, ask };
}

test("counts what has ended, and what met the targets", async () => {
  const { ask, reportFor, logLines } = await started({ texts: ["a", "b", "c"], tokenMs: 5 });
  await Promise.all([ask(), ask()]);
  await until(() => logLines.filter(({ msg }) => msg === "request").length === 2, "both ended");
  const { body } = await reportFor(TARGETS);

  const report = loadReport.parse(body);
  expect(report).toMatchObject({
    ...{ window_seconds: 300, targets: { ttft_ms: 60_000, itl_ms: 60_000 } },
    total: { requests: 2, outcomes: { stop: 2 }, good: 2, tokens_out: 6 },
    ...{ models: [{ model: "builtin", requests: 2 }], keys: [] },
  });
  expect(report.total.itl_ms?.p50).toBeGreaterThan(0);
  expect(report.active_seconds).toBeGreaterThan(0);
  expect(report.total.tokens_out_per_second).toBeGreaterThan(0);
});

test("a wrong window or target is a 400 that names it, and an unknown parameter is named", async () => {
  const { reportFor, url } = await started();
  for (const [query, param] of [
    ["window=0", "window"],
    ["window=1h", "window"],
    ["window=901s", "window"],
    ["ttft=fast", "ttft"],
    ["itl=-1", "itl"],
  ] as const) {
    const { status, body } = await reportFor(query);
    expect([query, status, (body as { error: { param: string } }).error.param]).toEqual([
      ...[query, 400, param],
    ]);
  }
  const { headers } = await fetch(`${url}/v1/load-report?span=60s`);
  expect(headers.get("x-ignored-params")).toBe("span");
});

test("shows a key its own line, and an admin those of all keys", async () => {
  const keys = newKeysFile();
  const alice = keys.add("alice", "--scope", "generate", "--scope", "read");
  const bob = keys.add("bob", "--scope", "generate");
  const boss = keys.add("boss", "--scope", "read", "--scope", "admin");
  const { ask, reportFor } = await started({}, { keysFile: keys.path });
  await ask(alice);
  await ask(bob);

  const namesFor = async (headers: Record<string, string>) =>
    loadReport.parse((await reportFor("", headers)).body).keys.map(({ key }) => key);
  expect(await namesFor(alice)).toEqual(["alice"]);
  expect((await namesFor(boss)).toSorted()).toEqual(["alice", "bob"]);
  expect((await reportFor("", bob)).status).toBe(403);
});
