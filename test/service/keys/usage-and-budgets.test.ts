// What keys have used, over restarts and by day, and the budgets of days and months.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { runKeysCommand } from "../../../src/cli/keys.ts";
import { chat, post } from "../../support/clients/sse-client.ts";
import { newKeysFile } from "../../support/keys.ts";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

let running: RunningService | undefined;
afterEach(async () => running?.close());

function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-usage-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const today = () => new Date().toISOString().slice(0, 10);

async function start(keysFile: string, usageDir?: string) {
  const settings = usageDir === undefined ? {} : { usageDir };
  const service = await startWithFake({ tokens: 200 }, { keysFile, ...settings });
  running = service;
  const get = async (query: string, headers: Record<string, string>) => {
    const response = await fetch(`${service.url}/v1/usage${query}`, { headers });
    return { status: response.status, ...((await response.json()) as { data: object[] }) };
  };
  const ask = (headers: Record<string, string>, changes: object = {}) =>
    post(`${service.url}/v1/chat/completions`, chat({ max_tokens: 200, ...changes }), headers);
  return { ...service, get, ask };
}

test("usage and budgets survive a restart", async () => {
  const keys = newKeysFile();
  const alice = keys.add("alice", "--tokens-per-month", "150");
  const usageDir = newFolder();
  const first = await start(keys.path, usageDir);
  expect((await first.ask(alice)).status).toBe(200);
  await first.close();

  const { get, ask, logLines } = await start(keys.path, usageDir);
  const refused = await ask(alice);
  const { data } = await get("", alice);

  expect(data).toMatchObject([
    { key: "alice", requests: 1, completion_tokens: 200, tokens_this_month: 201 },
  ]);
  expect(refused.status).toBe(429);
  const retryAfter = Number(refused.headers.get("retry-after"));
  expect(retryAfter).toBeGreaterThan(0);
  expect(retryAfter).toBeLessThanOrEqual(31 * 86_400);
  expect(await refused.json()).toMatchObject({
    error: {
      type: "rate_limit_error",
      code: "rate_limit_exceeded",
      message: "this key has used its 150 tokens per month; the next month begins at 00:00 UTC",
    },
  });
  expect(refused.headers.get("x-ratelimit-limit-tokens")).toBeNull(); // those of the minute
  expect(logLines.filter(({ level }) => level === "warn")).toEqual([]);
});

test("an answer is never cut by a budget; the next request of the key is refused, in each API's envelope", async () => {
  const keys = newKeysFile();
  const alice = keys.add("alice", "--tokens-per-day", "10");
  const { ask, url, logLines } = await start(keys.path);

  const answer = await (await ask(alice)).json();
  const refused = await post(`${url}/v1/messages`, { ...chat(), model: "builtin" }, alice);

  expect(answer).toMatchObject({ usage: { completion_tokens: 200 } });
  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({
    type: "error",
    error: { type: "rate_limit_error", message: expect.stringContaining("10 tokens per day") },
  });
  expect(logLines).toContainEqual(
    expect.objectContaining({ msg: expect.stringContaining("--usage-dir DIR keeps them") }),
  );
});

test("usage by day shows a key its own lines, and an admin all, also those of a revoked key", async () => {
  const keys = newKeysFile();
  const [alice, bob] = [keys.add("alice"), keys.add("bob")];
  const admin = keys.add("boss", "--scope", "admin");
  const usageDir = newFolder();
  const first = await start(keys.path, usageDir);
  await first.ask(alice);
  await first.ask(bob);
  await first.close();
  keys.revoke("bob");

  const { get } = await start(keys.path, usageDir);
  const lineOf = (key: string) => ({
    object: "key.usage.day",
    day: today(),
    key,
    requests: 1,
    prompt_tokens: 1,
    cached_tokens: 0,
    completion_tokens: 200,
    budget_tokens: 201,
  });
  expect((await get(`?from=${today()}`, alice)).data).toEqual([lineOf("alice")]);
  expect((await get("?to=2100-01-01", admin)).data).toEqual([lineOf("alice"), lineOf("bob")]);
  expect((await get("?from=2100-01-01&to=2100-01-02", admin)).data).toEqual([]);
  expect(await get("?from=2027-02-30", admin)).toMatchObject({
    status: 400,
    error: { param: "from", message: expect.stringContaining("must be a day such as 2027-01-31") },
  });

  const table = runKeysCommand(["usage", "--usage-dir", usageDir], {}).out.split("\n");
  expect(table[0]).toMatch(/^NAME +REQUESTS +PROMPT +CACHED +ANSWERS +BUDGET +TODAY +THIS MONTH$/);
  expect(table[1]).toMatch(/^alice +1 +1 +0 +200 +201 +201 +201$/);
  expect(table).toHaveLength(3);
  const ofBob = runKeysCommand(["usage", "bob"], { SLUICE_USAGE_DIR: usageDir }).out;
  expect(ofBob).toMatch(/^DAY .*\n\d{4}-\d\d-\d\d +1 +1 +0 +200 +201\nall +1 +1 +0 +200 +201$/);
});

test("keys usage says what is wrong, in one line", () => {
  const usage = (...args: string[]) => runKeysCommand(["usage", ...args], {});

  expect(() => usage()).toThrow("keys usage: requires --usage-dir DIR");
  expect(() => usage("--usage-dir", "/nowhere")).toThrow(
    "keys usage: cannot read the usage folder /nowhere: ENOENT",
  );
  expect(() => usage("--usage-dir", newFolder(), "--to", "tomorrow")).toThrow(
    'keys usage: --to is "tomorrow": allowed is a day such as 2027-01-31',
  );
});
