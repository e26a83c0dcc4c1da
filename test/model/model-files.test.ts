// Broken model files: the command ends soon with one line. And the types of tensors, compared with the library's.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { GgmlType, getLlama } from "node-llama-cpp";
import { afterAll, afterEach, expect, test } from "vitest";
import { TENSOR_BLOCKS } from "../../src/worker/model-file/gguf-tensors.ts";
import { BUNDLED_MAIN } from "../support/engines/bundled-programs.ts";
import { childrenOf, isRunning } from "../support/processes.ts";
import { BUILTIN_MODEL, until } from "../support/start-service.ts";

const folder = mkdtempSync(path.join(tmpdir(), "sluice-models-"));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(command: string, ...args: readonly string[]) {
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
  children.push(child);
  const output = { text: "" };
  child.stderr.on("data", (bytes) => (output.text += bytes));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, output, ended };
}

const serve = (model: string) =>
  run(process.execPath, BUNDLED_MAIN, "--port", "0", "--gpu", "off", "--model", model);

/** A copy of the built-in model with another number for one key. */
function modelWith(key: string, value: number): string {
  const bytes = readFileSync(BUILTIN_MODEL);
  bytes.writeUInt32LE(value, bytes.indexOf(key) + key.length + 4);
  const file = path.join(folder, `${key}-${value}.gguf`);
  writeFileSync(file, bytes);
  return file;
}

// Found before the library reads the file, and after; all others are in unit/worker/model-file.
test.each([
  ["llama.block_count", 0, "llama.block_count is 0: 1 to 512 are allowed"],
  [
    "llama.context_length",
    100,
    "trained for a context of 100 tokens (context_length), and the minimum is 256",
  ],
])("%s of %i ends the start with one line", async (key, value, message) => {
  const file = modelWith(key, value);
  const { ended, output } = serve(file);

  expect(await ended).toBe(1);
  expect(output.text.split("\n")).toEqual([expect.stringContaining(message), ""]);
  expect(output.text).toContain(path.basename(file));
});

test("a limit of too few open files ends the start with one line", async () => {
  const { ended, output } = run(
    "prlimit",
    "--nofile=64",
    process.execPath,
    BUNDLED_MAIN,
    "--port",
    "0",
  );

  expect(await ended).toBe(1);
  expect(output.text).toMatch(/^sluice: this process may open only 64 files; .*ulimit -n.*\n$/);
});

test("a worker whose server is killed while it loads ends too", async () => {
  const { child, ended } = serve(BUILTIN_MODEL);
  const workers = () => childrenOf(child.pid ?? 0);
  await until(() => workers().length > 0, "the worker has been started");
  const [worker] = workers();
  child.kill("SIGKILL");
  await ended;

  await until(() => !isRunning(worker?.pid ?? 0), "the worker has ended");
});

test("the sizes of all tensor types are the same as the library's", async () => {
  const llama = await getLlama({ build: "never", gpu: false });
  // They exist at run time, but not in the library's types.
  const sizes = (llama as unknown as { readonly _bindings: Sizes })._bindings;
  const types = Object.values(GgmlType).filter((type) => typeof type === "number");
  const known = types
    .map((type) => [type, blockOf(sizes, type)] as const)
    .filter(([, { bytes }]) => bytes > 0);

  expect(new Map(known)).toEqual(TENSOR_BLOCKS);
  await llama.dispose();
});

type Sizes = {
  readonly getBlockSizeForGgmlType: (type: number) => number;
  readonly getTypeSizeForGgmlType: (type: number) => number;
};

function blockOf(sizes: Sizes, type: number) {
  const numbers = sizes.getBlockSizeForGgmlType(type);
  return { numbers, bytes: sizes.getTypeSizeForGgmlType(type) };
}
