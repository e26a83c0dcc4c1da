// Which uncaught errors the process survives, and after which it drains and exits.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { uncaughtListener } from "../../src/uncaught.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function listening(close = async () => {}) {
  const spies = {
    report: vi.fn<(error: unknown) => void>(),
    close: vi.fn(close),
    onEnding: vi.fn<() => void>(),
    exit: vi.fn<(code: number) => void>(),
  };
  return { ...spies, listen: uncaughtListener({ ...spies, drainTimeoutMs: 1_000 }) };
}

function errorIn(...files: string[]): Error {
  const error = new Error("a fault");
  const frames = files.map((file) => `    at act (file:///opt/sluice/${file}:1:2)`);
  error.stack = ["Error: a fault", ...frames].join("\n");
  return error;
}

const system = (): Error => {
  const error = Object.assign(new Error("read ECONNRESET"), { syscall: "read", errno: -104 });
  error.stack = "Error: read ECONNRESET";
  return error;
};

test.each<[string, () => unknown]>([
  ["of a socket's callback", () => errorIn("dist/http/websocket/socket-session.js", "node:net")],
  ["of Node's own parser", () => errorIn("node:_http_server")],
  ["of a lost connection, without a stack", system],
  ["of a file watcher", () => errorIn("dist/keys/key-ring.js")],
  ["of a folder called queue elsewhere", () => errorIn("../queue/sluice/dist/http/sse.js")],
])("keeps running after an error %s", async (_where, make) => {
  const { listen, report, exit } = listening();
  const error = make();

  listen(error);
  await vi.advanceTimersByTimeAsync(60_000);

  expect(report).toHaveBeenCalledExactlyOnceWith(error);
  expect(exit).not.toHaveBeenCalled();
});

test.each<[string, () => unknown]>([
  ["came through the queue", () => errorIn("dist/generation/a.js", "dist/queue/fair-share.js")],
  ["came through the queue's package", () => errorIn("node_modules/p-queue/dist/index.js")],
  ["came through the requests in the worker", () => errorIn("src/engine/remote-run.ts")],
  ["came through stored streams", () => errorIn("dist/resume/kept-answers.js")],
  ["is not an Error", () => "a text"],
  ["has no stack", () => errorIn()],
])("drains and exits after an error that %s", async (_how, make) => {
  const { listen, report, close, onEnding, exit } = listening();

  listen(make());
  listen(make()); // while it drains
  await vi.advanceTimersByTimeAsync(0);

  expect(report).toHaveBeenCalledTimes(2);
  expect([close.mock.calls.length, onEnding.mock.calls.length]).toEqual([1, 1]);
  expect(exit).toHaveBeenCalledExactlyOnceWith(1);
});

test("exits after many harmless errors within a minute, but not after as many in an hour", async () => {
  const { listen, exit } = listening();
  for (let count = 0; count < 60; count++) {
    listen(errorIn("dist/http/stream/sse.js"));
    await vi.advanceTimersByTimeAsync(60_000);
  }
  expect(exit).not.toHaveBeenCalled();
  for (let count = 0; count < 11; count++) listen(errorIn("dist/http/stream/sse.js"));
  await vi.advanceTimersByTimeAsync(0);

  expect(exit).toHaveBeenCalledExactlyOnceWith(1);
});

test("exits even if closing hangs or fails, or the error cannot be reported", async () => {
  const stuck = listening(() => new Promise(() => {}));
  stuck.listen("a text");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(stuck.exit).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(stuck.exit).toHaveBeenCalledWith(1);

  const failing = listening(() => Promise.reject(new Error("no")));
  failing.listen("a text");
  await vi.advanceTimersByTimeAsync(0);
  expect(failing.exit).toHaveBeenCalledWith(1);

  const mute = listening();
  mute.report.mockImplementation(() => {
    throw new Error("the log is full");
  });
  mute.listen(errorIn("dist/http/stream/sse.js"));
  expect(mute.exit).toHaveBeenCalledWith(1);
});
