// `sluice launch`: how it reads its arguments, what it warns about, and what it sets for each program.

import { expect, test } from "vitest";
import { CommandError } from "../../../src/cli/command-error.ts";
import { describeSetup, readLaunchOptions, warningsOf } from "../../../src/cli/launch.ts";
import {
  LAUNCH_PROGRAMS,
  type LaunchName,
  type LaunchSetup,
} from "../../../src/cli/launch-programs.ts";

const TARGET = {
  url: "http://127.0.0.1:8080",
  key: "secret-key",
  model: "qwen3",
  contextTokens: 32_768,
  folder: "/tmp/folder",
};
const NAMES = Object.keys(LAUNCH_PROGRAMS) as LaunchName[];

function setupOf(name: LaunchName): LaunchSetup {
  return LAUNCH_PROGRAMS[name].setup(TARGET);
}

function read(...args: string[]) {
  return readLaunchOptions(args, {}, "sluice");
}

function complaintAbout(...args: string[]): string {
  try {
    read(...args);
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    throw error;
  }
  throw new Error("nothing was wrong");
}

test("passes everything after -- to the program, also what looks like an option of its own", () => {
  expect(read("codex", "--url", "http://10.0.0.2:9000/v1/", "--", "exec", "--url", "x")).toEqual({
    name: "codex",
    url: "http://10.0.0.2:9000",
    key: undefined,
    args: ["exec", "--url", "x"],
  });
});

test("takes the key from --key, else the first of SLUICE_API_KEY", () => {
  const env = { SLUICE_API_KEY: "first,second" };

  expect(readLaunchOptions(["claude"], env, "sluice")?.key).toBe("first");
  expect(readLaunchOptions(["claude", "--key", "mine"], env, "sluice")?.key).toBe("mine");
  expect(readLaunchOptions(["claude"], { SLUICE_API_KEY: "" }, "sluice")?.key).toBeUndefined();
});

test("says what is wrong with its arguments", () => {
  expect(complaintAbout("vim")).toBe(
    "launch starts one of claude, codex, gemini, opencode, qwen, aider (see sluice launch --help)",
  );
  expect(complaintAbout("toString")).toContain("launch starts one of");
  expect(complaintAbout("aider", "a.txt")).toContain("sluice launch aider -- a.txt");
  expect(complaintAbout("aider", "--url", "localhost")).toContain('--url is "localhost"');
  expect(complaintAbout("aider", "--nonsense")).toContain("see sluice launch --help");
});

test("without arguments and with --help there is nothing to start", () => {
  expect(read()).toBeUndefined();
  expect(read("claude", "--help")).toBeUndefined();
});

test("warns about a context that the program fills by itself, and names the flag that raises it", () => {
  const served = { id: "qwen3", contextTokens: 4096, hasTools: true };

  expect(warningsOf("claude", served)).toEqual([
    "claude needs a context of about 32768 tokens, but the server's is 4096; restart the server with --context 32768",
  ]);
  expect(warningsOf("claude", { ...served, contextTokens: 32_768 })).toEqual([]);
});

test("warns about a model without tools, unless the program needs none or the server does not say", () => {
  const served = { id: "tiny", contextTokens: 65_536, hasTools: false };

  expect(warningsOf("codex", served).join()).toContain("the chat template of tiny does not know");
  expect(warningsOf("aider", served)).toEqual([]);
  expect(warningsOf("codex", { ...served, hasTools: null })).toEqual([]);
});

test.each(NAMES)("%s gets the server's address, its model, its context and the key", (name) => {
  const all = JSON.stringify(setupOf(name));

  expect(all).toContain(TARGET.url);
  expect(all).toContain(TARGET.model);
  expect(Object.values(setupOf(name).env)).toContain(TARGET.key);
  if (name !== "gemini") expect(all).toContain(String(TARGET.contextTokens)); // has no setting for it
});

test.each(NAMES)("the key of %s is in a variable only, and never printed", (name) => {
  const { env, args = [], files = {} } = setupOf(name);

  expect(describeSetup(setupOf(name), TARGET.key)).not.toContain(TARGET.key);
  expect(describeSetup(setupOf(name), TARGET.key)).toContain("=(the key)");
  expect(JSON.stringify([args, files])).not.toContain(TARGET.key);
  expect(Object.values(env).filter((value) => value.includes(TARGET.key))).toEqual([TARGET.key]);
});

test.each(NAMES)("%s is told where its temporary files are, and keeps the user's HOME", (name) => {
  const { env, files = {} } = setupOf(name);

  for (const file of Object.keys(files))
    expect([TARGET.folder, `${TARGET.folder}/${file}`]).toEqual(
      expect.arrayContaining(Object.values(env).filter((value) => value.startsWith(TARGET.folder))),
    );
  expect(Object.values(env).some((value) => value.startsWith(TARGET.folder))).toBe(
    Object.keys(files).length > 0,
  );
  expect(Object.keys(env)).not.toContain("HOME");
});

test("Claude Code does not send a key of the user's own", () => {
  expect(setupOf("claude").env.ANTHROPIC_API_KEY).toBe("");
});

test("Codex gets its provider as settings in TOML, in front of the user's arguments", () => {
  expect(setupOf("codex").args).toEqual([
    ...["-c", 'model="qwen3"'],
    ...["-c", 'model_provider="sluice"'],
    "-c",
    'model_providers.sluice={name="Sluice",base_url="http://127.0.0.1:8080/v1",env_key="SLUICE_API_KEY",wire_api="responses",stream_idle_timeout_ms=3600000}',
    ...["-c", "model_context_window=32768"],
  ]);
});
