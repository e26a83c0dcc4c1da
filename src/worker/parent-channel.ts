// The worker's side of the channel to the server process: receives and sends messages, and ends with its parent.

import type { FromWorker, ModelOptions, ToWorker, WireError } from "../engine/messages.ts";
import { ServiceError } from "../errors.ts";
import type { ModelInfo } from "../generation/model-info.ts";
import type { AnyQuestion } from "../generation/questions.ts";
import type { LoadOptions } from "./load/device.ts";

/** A worker whose model is loaded. */
export type LoadedWorker<Q extends AnyQuestion> = {
  readonly info: ModelInfo;
  readonly receive: (message: Exclude<ToWorker<Q>, { type: "load" | "ping" | "close" }>) => void;
  /** How long the current step has been running; 0 if none is running. */
  readonly stepAgeMs: () => number;
  /** Saves what should outlive the process. */
  readonly close?: () => Promise<void>;
};

type ServeOptions<Q extends AnyQuestion> = {
  readonly load: (options: LoadOptions) => Promise<LoadedWorker<Q>>;
  readonly post: (message: FromWorker) => void;
};

/** Loads the model when the server says so, and then passes its messages on. Call it once, when the process starts. */
export function serveParent<Q extends AnyQuestion>({ load, post }: ServeOptions<Q>): void {
  // Ctrl-C and `docker stop` signal the whole process group, but only the server decides when a worker ends.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => {});
  // process.exit() would wait for the computing thread, which may never return.
  const end = () => process.kill(process.pid, "SIGKILL");
  process.on("disconnect", end);
  process.on("unhandledRejection", die);
  process.on("uncaughtException", die);
  let loaded: LoadedWorker<Q> | null = null;
  const loadModel = async (options: ModelOptions) => {
    const onProgress = (progress: number) => post({ type: "loading", progress });
    try {
      loaded = await load({
        options,
        onProgress,
        log: (level, message) => post({ type: "log", level, message }),
      });
      post({ type: "loaded", model: loaded.info });
    } catch (error) {
      post({ type: "load-failed", error: wireError(error) });
    }
  };
  const receive = (message: ToWorker<Q>) => {
    if (message.type === "load") loadModel(message.options).catch(die);
    else if (message.type === "close") void Promise.resolve(loaded?.close?.()).catch(die).then(end);
    else if (message.type === "ping") post({ type: "pong", stepAgeMs: loaded?.stepAgeMs() ?? 0 });
    else if (loaded) loaded.receive(message);
    else die(new Error(`the model is not loaded: ${message.type}`));
  };
  process.on("message", (messages) => {
    for (const message of messages as ToWorker<Q>[]) receive(message); // only the server writes to this channel
  });
  post({ type: "started" });
}

export function send(messages: readonly FromWorker[]): void {
  if (process.connected) process.send?.(messages);
}

/** Errors of the library go to the log only: they may name files, and clients cannot act on them. */
export function wireError(error: unknown): WireError {
  if (error instanceof ServiceError) {
    const { code, message, field, param, counts, memory } = error;
    return { code, message, field, param, counts, memory };
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
