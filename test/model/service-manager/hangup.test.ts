// SIGHUP without a terminal: settings and keys are read again at once.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { until } from "../../support/start-service.ts";

const MAIN = path.resolve(import.meta.dirname, "../../../dist/main.js");
const folder = mkdtempSync(path.join(tmpdir(), "sluice-hangup-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("SIGHUP reads the configuration file and the keys again, and the server goes on", async () => {
  const config = path.join(folder, "sluice.yaml");
  const key = path.join(folder, "key");
  writeFileSync(config, "port: 0\ngpu: off\nlog-format: json\napi-key-file: key\nqueue: 5\n");
  writeFileSync(key, "first\n");
  const child = spawn(process.execPath, [MAIN, "--config", config], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  child.stdout.on("data", (bytes) => (out += bytes));
  const ended = once(child, "close");
  const lines = () => out.split("\n").filter((line) => line.startsWith("{"));
  const line = (text: string) => lines().find((each) => each.includes(text)) ?? "";
  await until(() => line("listening") !== "", "it listens");
  const [url] = JSON.parse(line("listening")).urls;
  const statusOf = async (secret: string) => {
    const headers = { authorization: `Bearer ${secret}` };
    return (await fetch(`${url}/v1/models`, { headers })).status;
  };
  expect([await statusOf("first"), await statusOf("second")]).toEqual([200, 401]);

  writeFileSync(config, "port: 0\ngpu: off\nlog-format: json\napi-key-file: key\nqueue: 6\n");
  writeFileSync(key, "second\n");
  child.kill("SIGHUP");
  await until(async () => (await statusOf("second")) === 200, "the new key is known");
  await until(() => line("changed: queue") !== "", "the settings are taken over");

  expect(line("SIGHUP")).toContain("reading settings, keys and certificates again");
  expect(await statusOf("first")).toBe(401);
  child.kill("SIGTERM");
  expect((await ended)[0]).toBe(0);
});
