// The last net, under main.ts alone: a program that has the service as a library decides for itself. Callbacks are to catch
// their own errors (`guarded()` in errors.ts); an error that gets here is a bug, and is logged and counted as one.
//
// The rule: most callbacks that Node calls (of a socket, a stream, a parser, a file, a timer) belong to one connection, and
// what they have left half done is lost with it. So the server goes on. It drains, and ends with a code that makes its
// supervisor start it again,
// - when the error came through code that holds what all requests share: slots and lines (queue/), requests in the worker
//   (engine/), kept streams and responses (resume/). A slot that was never given back would be missed for ever;
// - when it cannot be seen where it came from;
// - when there are many within a minute: what goes wrong each time is not over with one connection.

const SHARED = /[\\/](?:src|dist)[\\/](?:queue|engine|resume)[\\/]|node_modules[\\/]p-queue[\\/]/;
const MOST_IN_A_MINUTE = 10;
const MINUTE_MS = 60_000;
/** Beyond the limit of the drain: closing may itself depend on what is broken. */
const CLOSING_MS = 10_000;

export type UncaughtOptions = {
  readonly report: (error: unknown) => void;
  /** Drains and closes. */
  readonly close: () => Promise<void>;
  readonly drainTimeoutMs: number;
  /** Said once, when it ends because of this. */
  readonly onEnding: () => void;
  readonly exit: (code: number) => void;
};

/** @returns the listener for `uncaughtException`, to which Node also brings unhandled rejections */
export function uncaughtListener(options: UncaughtOptions): (error: unknown) => void {
  const { report, close, drainTimeoutMs, onEnding, exit } = options;
  const timesMs: number[] = [];
  let isEnding = false;
  return (error) => {
    const nowMs = performance.now();
    timesMs.push(nowMs);
    while (nowMs - (timesMs[0] ?? nowMs) > MINUTE_MS) timesMs.shift();
    try {
      report(error);
      if (isEnding || !(isStateUnknown(error) || timesMs.length > MOST_IN_A_MINUTE)) return;
      isEnding = true;
      onEnding();
      setTimeout(() => exit(1), drainTimeoutMs + CLOSING_MS);
      const ended = () => exit(1);
      close().then(ended, ended);
    } catch {
      exit(1);
    }
  };
}

function isStateUnknown(error: unknown): boolean {
  if (!(error instanceof Error)) return true;
  const isOfSystem = "syscall" in error; // of a socket, a file or a process: they often have no stack
  const frames = error.stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
  if (frames.length === 0) return !isOfSystem;
  return frames.some((frame) => SHARED.test(frame));
}
