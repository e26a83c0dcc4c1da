// Log lines are written in batches, with bounded memory, and never block the exit.

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { LogWriter } from "../../src/log-writer.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "sluice-log-"));
afterAll(() => rmSync(scratch, { recursive: true }));

let count = 0;
function open() {
  const file = path.join(scratch, `${++count}.log`);
  const descriptor = openSync(file, "w");
  return { writer: new LogWriter(descriptor), read: () => readFileSync(file, "utf8"), descriptor };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("writes lines in order, after a short delay", async () => {
  const { writer, read } = open();

  writer.write("one\n");
  writer.write("two\n");
  expect(read()).toBe("");

  await until(() => read() !== "");
  expect(read()).toBe("one\ntwo\n");
});

test("writes a large amount at once", async () => {
  const { writer, read } = open();
  const line = `${"x".repeat(9_000)}\n`;

  writer.write(line);
  writer.write("next\n");

  await until(() => read().length === line.length + 5);
  expect(read()).toBe(`${line}next\n`);
});

test("writes buffered lines when the process exits", () => {
  const { writer, read } = open();
  writer.write("last words\n");

  writer.flushSync();

  expect(read()).toBe("last words\n");
});

test("drops lines beyond its limit, and keeps earlier ones", () => {
  const { writer, read } = open();
  const megabyte = `${"x".repeat(1_048_000)}\n`;
  writer.write("first\n");
  writer.flushSync();
  for (let lines = 0; lines < 3; lines++) writer.write(megabyte);

  writer.flushSync();

  expect(read().length).toBeLessThanOrEqual(6 + 2 * megabyte.length);
});

test("does not retry forever on a closed descriptor", () => {
  const { writer, descriptor } = open();
  closeSync(descriptor);
  writer.write("to nobody\n");

  expect(() => writer.flushSync()).not.toThrow();
});
