// --audit: a line for each ended request and each act of an administrator, without any text of them.

import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { chat, post } from "../../support/clients/sse-client.ts";
import { newKeysFile } from "../../support/keys.ts";
import { type RunningFleet, startFleet, until } from "../../support/start-service.ts";

let running: RunningFleet | undefined;
afterEach(async () => running?.close());

async function start() {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-audit-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const audit = path.join(folder, "audit.jsonl");
  const keys = newKeysFile();
  const alice = keys.add("alice");
  const admin = keys.add("boss", "--scope", "admin");
  const settings = { keysFile: keys.path, audit };
  const fleet = await startFleet({ models: { a: {}, b: {} }, settings });
  running = fleet;
  const text = () => readFileSync(audit, "utf8");
  const lines = (): Record<string, unknown>[] =>
    text()
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  return { ...fleet, alice, admin, text, lines };
}

test("has who asked which model when, how it ended, and the tokens, but no text", async () => {
  const { url, alice, text, lines, fileOf } = await start();
  const ask = (changes: object, headers: Record<string, string>) =>
    post(`${url}/v1/chat/completions`, chat({ model: "a", ...changes }), headers);
  const messages = [{ role: "user", content: "a secret" }];
  await (await ask({ messages }, { ...alice, "x-request-id": "first" })).text();
  await ask({ messages, max_tokens: 0 }, alice);
  await ask({ messages }, { authorization: "Bearer wrong-key" });
  await until(() => lines().length === 3, "all are audited");

  const beginning = readFileSync(fileOf("a")).subarray(0, 2 ** 20);
  const [answered, invalid, unknown] = lines();
  expect(answered).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    event: "request",
    requestId: "first",
    path: "/v1/chat/completions",
    key: "alice",
    client: "127.0.0.1",
    status: 200,
    outcome: "stop",
    model: "a",
    modelFile: {
      name: "a.gguf",
      bytes: expect.any(Number),
      modified: expect.any(String),
      sha256OfFirstMiB: createHash("sha256").update(beginning).digest("hex"),
    },
    tokensIn: 2,
    tokensCached: 0,
    tokensOut: expect.any(Number),
  });
  expect(invalid).toMatchObject({ status: 400, outcome: "invalid_value", key: "alice" });
  expect(unknown).toMatchObject({
    status: 401,
    outcome: "invalid_api_key",
    key: null,
    tokensIn: null,
  });
  for (const word of ["secret", "wrong-key", "sluice-"]) expect(text()).not.toContain(word);
});

test("has what administrators do, and what others try to do", async () => {
  const { url, alice, admin, lines } = await start();
  await post(`${url}/v1/models/load`, { model: "b" }, admin);
  await post(`${url}/v1/models/unload`, { model: "b" }, alice);
  await fetch(`${url}/v1/models/b`, { method: "DELETE", headers: admin });
  await fetch(`${url}/v1/models`, { headers: alice });
  const acts = () => lines().filter(({ event }) => event === "admin");
  await until(() => acts().length === 3, "all are audited");

  expect(acts()).toMatchObject([
    { act: "POST /v1/models/load", model: "b", key: "boss", status: 200 },
    { act: "POST /v1/models/unload", key: "alice", status: 403 },
    { act: "DELETE /v1/models/b", key: "boss", status: 400 }, // it is named in the settings
  ]);
});
