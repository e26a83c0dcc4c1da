// A log that cannot be written for a while, and one that nobody reads any more.

import { write } from "node:fs";
import { beforeEach, expect, test, vi } from "vitest";
import { LogWriter } from "../../src/log-writer.ts";

vi.mock("node:fs", async (original) => ({
  ...(await original<typeof import("node:fs")>()),
  write: vi.fn(),
}));

type Written = (error: NodeJS.ErrnoException | null, bytes: number) => void;

let lines: string[] = [];
let failure: string | null = null;

beforeEach(() => {
  vi.useFakeTimers();
  [lines, failure] = [[], null];
  vi.mocked(write as (descriptor: number, chunk: Buffer, done: Written) => void).mockImplementation(
    (_descriptor, chunk, done) => {
      if (failure) return done(Object.assign(new Error(failure), { code: failure }), 0);
      lines.push(chunk.toString());
      done(null, chunk.length);
    },
  );
});

function log(writer: LogWriter, line: string): void {
  writer.write(line);
  vi.advanceTimersByTime(50);
}

test.each(["ENOSPC", "EMFILE", "EIO"])(
  "%s costs what was to be written, and nothing later",
  (code) => {
    const writer = new LogWriter(1);
    failure = code;
    log(writer, "lost\n");
    failure = null;
    log(writer, "kept\n");

    expect(lines).toEqual(["kept\n"]);
  },
);

test("a full pipe costs nothing", () => {
  const writer = new LogWriter(1);
  failure = "EAGAIN";
  log(writer, "late\n");
  failure = null;
  log(writer, "next\n");

  expect(lines.join("")).toBe("late\nnext\n");
});

test("without a reader nothing is tried any more", () => {
  const writer = new LogWriter(1);
  failure = "EPIPE";
  log(writer, "lost\n");
  failure = null;
  log(writer, "lost too\n");

  expect(lines).toEqual([]);
});
