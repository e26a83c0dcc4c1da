// The worker processes' side of the channel to the server: messages in and out, and when to end.

import type { FromWorker, ToWorker, WireError } from "../engine/messages.ts";
import { ServiceError } from "../errors.ts";

/** To be called once, when the process begins. */
export function serveParent(receive: (message: ToWorker) => void): void {
  // Ctrl-C and `docker stop` reach the whole process group: when to end is the server's decision alone.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => {});
  // Not process.exit(): that waits for the thread that computes, which may never come back.
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  process.on("unhandledRejection", die);
  process.on("uncaughtException", die);
  process.on("message", (messages) => {
    for (const message of messages as ToWorker[]) receive(message); // only the server writes to this channel
  });
}

export function send(messages: readonly FromWorker[]): void {
  if (process.connected) process.send?.(messages);
}

/** What the engine itself says is for the log: it may name files, and means nothing to a client. */
export function wireError(error: unknown): WireError {
  if (error instanceof ServiceError) {
    return { code: error.code, message: error.message, param: error.param ?? undefined };
  }
  send([{ type: "log", level: "error", message: `the engine failed: ${textOf(error)}` }]);
  return {
    code: "generation_failed",
    message: "the engine failed; the log of the server says why",
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Something is wrong in a way that no request accounts for: a fresh process is the only safe state. */
export function die(error: unknown): void {
  const message = `worker failed: ${textOf(error)}`;
  const log: FromWorker = { type: "log", level: "error", message };
  if (!process.connected || !process.send) process.exit(1);
  process.send([log], () => process.exit(1));
}
