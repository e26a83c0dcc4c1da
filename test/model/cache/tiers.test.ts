// Prompts whose slot was taken come back from memory or from the disk: after other conversations, after a crash of the worker,
// and after a restart. Their answers are those of a server that reads the whole prompt.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { chat, post } from "../../support/clients/sse-client.ts";
import { metric, type RunningService, startWithModel, until } from "../../support/start-service.ts";

let running: RunningService;
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-tier-test-"));
});
afterEach(async () => {
  await running.close();
  rmSync(folder, { recursive: true });
});

const RAM = 200_000_000;
const disk = () => ({ folder, maxBytes: 200_000_000 });

async function start(settings: Parameters<typeof startWithModel>[0] = {}) {
  running = await startWithModel({ threads: 1, slots: 1, cacheRam: RAM, ...settings });
}

/** A long prompt of its own. */
function prompt(name: string): string {
  return Array.from({ length: 400 }, (_, at) => `${name}${at}`).join(" ");
}

async function ask(content: string, headers: Record<string, string> = {}) {
  const messages = [{ role: "user", content }];
  const body = chat({ messages, max_tokens: 8, temperature: 0, ignore_eos: true });
  const response = await post(`${running.url}/v1/chat/completions`, body, headers);
  const { choices, usage } = (await response.json()) as {
    choices: { message: { content: string } }[];
    usage: { prompt_tokens: number; prompt_tokens_details: { cached_tokens: number } };
  };
  const { prompt_tokens: tokens, prompt_tokens_details: details } = usage;
  return { text: choices[0]?.message.content, tokens, cached: details.cached_tokens };
}

const savedInRam = () => metric(running.url, "sluice_prefix_cache_ram_bytes");

test("two conversations in turn on one slot are both found in memory", async () => {
  await start();
  const first = await ask(prompt("a"));
  await ask(prompt("b"));
  const again = await ask(prompt("a"));

  expect(first.cached).toBe(0);
  expect(again).toEqual({ ...first, cached: first.tokens - 1 });
  expect((await ask(prompt("b"))).cached).toBeGreaterThan(500);
});

test("with --cache-ram 0 nothing is saved", async () => {
  await start({ cacheRam: 0 });
  await ask(prompt("a"));
  await ask(prompt("b"));
  expect((await ask(prompt("a"))).cached).toBeLessThan(100);
  expect(await savedInRam()).toBe(0);
});

test("a prompt is found again after the worker was killed", async () => {
  await start();
  const first = await ask(prompt("a"));
  await until(async () => (await savedInRam()) > 0, "it is saved while the server is idle");
  process.kill(running.service.engine.status().workerPid ?? 0, "SIGKILL");
  await until(() => running.service.engine.status().state === "ready", "the next worker is ready");

  expect(await ask(prompt("a"))).toEqual({ ...first, cached: first.tokens - 1 });
});

test("a prompt is found again after a restart, if there is a cache on disk", async () => {
  await start({ cacheDisk: disk() });
  const first = await ask(prompt("a"));
  await running.close();
  const files = readdirSync(folder).filter((name) => name.endsWith(".prefix"));
  expect(files).toHaveLength(1);
  await start({ cacheDisk: disk() });

  expect(await ask(prompt("a"))).toEqual({ ...first, cached: first.tokens - 1 });
});

test("a damaged file on disk is removed with a warning, and its prompt is read again", async () => {
  await start({ cacheDisk: disk() });
  const first = await ask(prompt("a"));
  await running.close();
  const [name = ""] = readdirSync(folder).filter((each) => each.endsWith(".prefix"));
  const file = path.join(folder, name);
  const bytes = readFileSync(file);
  bytes[bytes.length - 100] = (bytes.at(-100) ?? 0) ^ 1; // in the state: its header stays right
  writeFileSync(file, bytes);
  await start({ cacheDisk: disk() });

  expect(await ask(prompt("a"))).toEqual(first);
  expect(existsSync(file)).toBe(false);
  expect(running.logLines.some(({ msg }) => String(msg).includes("could not be loaded"))).toBe(
    true,
  );
});

test("each key finds only its own prompts, in memory and after a restart", async () => {
  const [one, two] = ["one", "two"].map((key) => ({ authorization: `Bearer ${key}` }));
  const settings = { apiKey: ["one", "two"], cacheDisk: disk() };
  await start(settings);
  await ask(prompt("a"), one);
  expect((await ask(prompt("a"), two)).cached).toBe(0);
  expect((await ask(prompt("a"), one)).cached).toBeGreaterThan(500);
  await running.close();
  await start({ ...settings, apiKey: ["one", "three"] });

  const three = { authorization: "Bearer three" };
  expect((await ask(prompt("a"), three)).cached).toBe(0);
  expect((await ask(prompt("a"), one)).cached).toBeGreaterThan(500);
});
