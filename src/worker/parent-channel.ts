// The worker's side of the channel to the server process: receives and sends messages, and ends with its parent.

import type { FromWorker, ToWorker, WireError } from "../engine/messages.ts";
import { ServiceError } from "../errors.ts";
import type { AnyQuestion } from "../generation/questions.ts";

/** Call it once, when the process starts. */
export function serveParent<Q extends AnyQuestion>(receive: (message: ToWorker<Q>) => void): void {
  // Ctrl-C and `docker stop` signal the whole process group, but only the server decides when a worker ends.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => {});
  // process.exit() would wait for the computing thread, which may never return.
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  process.on("unhandledRejection", die);
  process.on("uncaughtException", die);
  process.on("message", (messages) => {
    for (const message of messages as ToWorker<Q>[]) receive(message); // only the server writes to this channel
  });
}

export function send(messages: readonly FromWorker[]): void {
  if (process.connected) process.send?.(messages);
}

/** Errors of the library go to the log only: they may name files, and clients cannot act on them. */
export function wireError(error: unknown): WireError {
  if (error instanceof ServiceError) {
    const { code, message, field, param } = error;
    return { code, message, field, param };
  }
  send([{ type: "log", level: "error", message: `the engine failed: ${textOf(error)}` }]);
  return {
    code: "generation_failed",
    message: "the engine failed; the server log has the reason",
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** For an error that belongs to no request: the process state is unknown, so a new process has to replace this one. */
export function die(error: unknown): void {
  const message = `worker failed: ${textOf(error)}`;
  const log: FromWorker = { type: "log", level: "error", message };
  if (!process.connected || !process.send) process.exit(1);
  process.send([log], () => process.exit(1));
}
