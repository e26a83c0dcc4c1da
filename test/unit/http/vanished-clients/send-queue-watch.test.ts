// A client counts as vanished if it acknowledges nothing that waits for it for the stall timeout.

import type { Socket } from "node:net";
import type { Logger } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { connectionKey } from "../../../../src/http/vanished-clients/proc-net-tcp.ts";
import {
  progressOf,
  type SendProgress,
  SendQueueWatch,
} from "../../../../src/http/vanished-clients/send-queue-watch.ts";

const LIMIT_MS = 10_000;
const STEP_MS = 500;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The properties of a socket that the watch reads, and the kernel's send queue of it. */
function connection(remotePort = 1) {
  const ends = {
    localAddress: "127.0.0.1",
    localPort: 8080,
    remoteAddress: "127.0.0.1",
    remotePort,
  };
  const socket = { ...ends, bytesWritten: 0, writableLength: 0 };
  const onStalled = vi.fn<() => void>();
  return { key: connectionKey(ends) ?? "", queued: 0, socket, onStalled };
}

function watching(...connections: ReturnType<typeof connection>[]) {
  const readQueues = vi.fn(
    async () => new Map(connections.map(({ key, queued }) => [key, queued])),
  );
  const warn = vi.fn();
  const error = vi.fn();
  const watch = new SendQueueWatch({
    stallTimeoutMs: LIMIT_MS,
    readQueues,
    log: { warn, error } as unknown as Logger,
  });
  const ends = connections.map(({ socket, onStalled }) =>
    watch.watch(socket as unknown as Socket, onStalled),
  );
  return { watch, ends, readQueues, warn, error };
}

/** In each step some bytes are written, and some acknowledged. */
async function live(
  each: ReturnType<typeof connection>,
  steps: number,
  written: number,
  acknowledged: number,
) {
  for (let step = 0; step < steps; step++) {
    each.socket.bytesWritten += written;
    each.queued = Math.max(0, each.queued + written - acknowledged);
    await vi.advanceTimersByTimeAsync(STEP_MS);
  }
}

test("a client that acknowledges nothing is reported once, after the timeout and one more poll", async () => {
  const gone = connection();
  watching(gone);
  await live(gone, 10, 100, 100);
  await live(gone, LIMIT_MS / STEP_MS, 100, 0);
  expect(gone.onStalled).not.toHaveBeenCalled();
  await live(gone, 1, 100, 0);

  expect(gone.onStalled).toHaveBeenCalledOnce();
  await live(gone, 100, 100, 0);
  expect(gone.onStalled).toHaveBeenCalledOnce();
});

test("a slow client has not vanished, however much waits for it", async () => {
  const slow = connection();
  watching(slow);
  for (let round = 0; round < 20; round++) {
    await live(slow, LIMIT_MS / STEP_MS - 2, 1_000, 0);
    await live(slow, 1, 1_000, 1);
  }

  expect(slow.onStalled).not.toHaveBeenCalled();
});

test("a client with a constant number of unacknowledged bytes has not vanished", async () => {
  const steady = connection();
  watching(steady);
  await live(steady, 1, 300, 0);
  await live(steady, 100, 300, 300);

  expect(steady.onStalled).not.toHaveBeenCalled();
});

test("a client with an empty send queue has not vanished", async () => {
  const silent = connection();
  watching(silent);
  await live(silent, 100, 0, 0);

  expect(silent.onStalled).not.toHaveBeenCalled();
});

test("bytes that are not certainly acknowledged are no progress", () => {
  const before: SendProgress = { acknowledged: 500, sinceMs: 1 };

  const seen = (least: number, most = least) =>
    progressOf(before, { written: [least, most], queued: 100, nowMs: 9 });

  expect(seen(600)).toEqual(before);
  expect(seen(600, 900)).toEqual(before); // written while the list was read, so the list may or may not contain it
  expect(seen(601)).toEqual({ acknowledged: 501, sinceMs: null });
  expect(seen(601, 700)).toEqual({ acknowledged: 600, sinceMs: null });
});

test("only the vanished one of several clients is reported, and none whose stream has ended", async () => {
  const [gone, alive, ended] = [connection(1), connection(2), connection(3)];
  const { ends } = watching(gone, alive, ended);
  for (const each of [gone, ended]) [each.socket.bytesWritten, each.queued] = [100, 100];
  await live(alive, 5, 100, 100);
  ends[2]?.();
  await live(alive, 30, 100, 100);

  expect([gone, alive, ended].map(({ onStalled }) => onStalled.mock.calls.length)).toEqual([
    1, 0, 0,
  ]);
});

test("a list without the line of a socket does not count for it", async () => {
  const gone = connection();
  const { readQueues } = watching(gone);
  [gone.socket.bytesWritten, gone.queued] = [100, 100];
  await live(gone, 10, 100, 0);
  readQueues.mockResolvedValueOnce(new Map());
  await live(gone, LIMIT_MS / STEP_MS - 9, 100, 0);

  expect(gone.onStalled).toHaveBeenCalledOnce();
});

test("does not poll while there is no stream", async () => {
  const { ends, readQueues } = watching(connection());
  await vi.advanceTimersByTimeAsync(2 * STEP_MS);
  ends[0]?.();
  const looks = readQueues.mock.calls.length;
  await vi.advanceTimersByTimeAsync(100 * STEP_MS);

  expect(looks).toBeGreaterThan(0);
  expect(readQueues.mock.calls.length).toBeLessThanOrEqual(looks + 1);
});

test("logs once if the list cannot be read, and reports no client", async () => {
  const each = connection();
  const { watch, readQueues, warn } = watching(each);
  readQueues.mockRejectedValue(Object.assign(new Error("no"), { code: "EACCES" }));
  [each.socket.bytesWritten, each.queued] = [100, 100];
  await live(each, 100, 0, 0);
  watch.watch(each.socket as unknown as Socket, each.onStalled);
  await live(each, 100, 0, 0);

  expect(warn).toHaveBeenCalledOnce();
  expect(readQueues).toHaveBeenCalledOnce();
  expect(each.onStalled).not.toHaveBeenCalled();
});

test("a temporary error, such as too many open files, is logged once, and later vanished clients are reported", async () => {
  const gone = connection();
  const { readQueues, warn } = watching(gone);
  for (const code of ["EMFILE", "EIO", "EMFILE"])
    readQueues.mockRejectedValueOnce(Object.assign(new Error("no"), { code }));
  await live(gone, 3, 100, 100);
  await live(gone, LIMIT_MS / STEP_MS + 2, 100, 0);

  expect(warn).toHaveBeenCalledOnce();
  expect(gone.onStalled).toHaveBeenCalledOnce();
});

test("an error in one callback does not affect the others", async () => {
  const [broken, gone] = [connection(1), connection(2)];
  broken.onStalled.mockImplementation(() => {
    throw new Error("broken");
  });
  const { error } = watching(broken, gone);
  for (const each of [broken, gone]) [each.socket.bytesWritten, each.queued] = [100, 100];
  await live(connection(3), LIMIT_MS / STEP_MS + 4, 0, 0);

  expect(gone.onStalled).toHaveBeenCalledOnce();
  expect(error).toHaveBeenCalledWith({ stack: expect.stringContaining("Error") }, "bug");
});
