// Which connections are cut because their client takes nothing.

import { EventEmitter } from "node:events";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Connections, type HttpServer } from "../../../../src/http/server/connections.ts";

const log = pino({ level: "silent" });

beforeEach(
  () => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] }),
);
afterEach(() => void vi.useRealTimers());

/** A connection with bytes that wait. */
function open() {
  const server = new EventEmitter();
  new Connections({ stallTimeoutMs: 1_000, maxConnections: 10, log }).follow(server as HttpServer); // it only listens
  const destroy = vi.fn<() => void>();
  const socket = Object.assign(new EventEmitter(), {
    destroy,
    writableLength: 100,
    bytesWritten: 100,
  });
  server.emit("connection", socket);
  return { socket, destroy };
}

test("a connection of which nothing is taken is cut after the limit", () => {
  const { destroy } = open();

  vi.advanceTimersByTime(1_000);
  expect(destroy).not.toHaveBeenCalled();
  vi.advanceTimersByTime(500);
  expect(destroy).toHaveBeenCalled();
});

test("a connection is not cut because equally many bytes wait whenever it is looked at", () => {
  const { socket, destroy } = open();

  for (let look = 0; look < 20; look += 1) {
    vi.advanceTimersByTime(250);
    socket.bytesWritten += 100;
  }

  expect(destroy).not.toHaveBeenCalled();
});

test("more bytes that wait are no sign of a client that reads", () => {
  const { socket, destroy } = open();

  for (let look = 0; look < 6; look += 1) {
    vi.advanceTimersByTime(250);
    socket.bytesWritten += 100;
    socket.writableLength += 100;
  }

  expect(destroy).toHaveBeenCalled();
});
