// The last handler of uncaught errors, used by main.ts only: a program that embeds the service decides for itself. Callbacks
// must catch their own errors (`guarded()` in errors.ts); an error that gets here is a bug, and is logged and counted.
//
// The rule: most callbacks of Node (socket, stream, parser, file, timer) belong to one connection, and an error damages only
// that connection, so the server keeps running. The server drains and exits, with a code that makes its supervisor restart it,
// - if the stack contains code with state that all requests share: slots and queues (queue/), requests in the worker
//   (engine/), those of nodes (cluster/), stored streams and responses (resume/). A slot that is never returned would be lost
//   forever;
// - if the error has no stack that shows its origin;
// - if there are many errors within a minute: their cause does not go away with one connection.

const SHARED =
  /[\\/](?:src|dist)[\\/](?:queue|engine|resume|cluster)[\\/]|node_modules[\\/]p-queue[\\/]/;
const MAX_PER_MINUTE = 10;
const MINUTE_MS = 60_000;
/** Added to the drain timeout before the process exits anyway: the error may have broken the closing too. */
const CLOSING_MS = 10_000;

export type UncaughtOptions = {
  readonly report: (error: unknown) => void;
  /** Drains and closes the service. */
  readonly close: () => Promise<void>;
  readonly drainTimeoutMs: number;
  /** Called once, before the process starts to drain because of an error. */
  readonly onEnding: () => void;
  readonly exit: (code: number) => void;
};

/** @returns the listener for `uncaughtException`, which Node also emits for unhandled rejections */
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
      if (isEnding || !(isStateUnknown(error) || timesMs.length > MAX_PER_MINUTE)) return;
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
  const isSystemError = "syscall" in error; // of a socket, a file or a process; often without a stack
  const frames = error.stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
  if (frames.length === 0) return !isSystemError;
  return frames.some((frame) => SHARED.test(frame));
}
