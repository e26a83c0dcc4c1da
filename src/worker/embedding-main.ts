// Entry of the worker process that computes vectors and scores: one input at a time, as each message asks for it.
// Started by engine/worker-process.ts when a request needs it, never imported. Ends when its parent is gone.

import { setPriority } from "node:os";
import type { FromWorker, ModelOptions, ToWorker } from "../engine/messages.ts";
import { ServiceError } from "../errors.ts";
import { type EmbeddingModel, loadEmbeddingModel } from "./load/embedding-model.ts";
import { die, send, serveParent, wireError } from "./parent-channel.ts";
import { prepareInputs } from "./prompt/prepare-inputs.ts";

/** As of `nice`: about a tenth of the time of a process that wants the same CPU. */
const LOWER_PRIORITY = 10;

let loaded: EmbeddingModel | null = null;
/** Null while nothing is computed. */
let startedAtMs: number | null = null;

serveParent(receive);
giveWay();
post({ type: "started" });

/** The CPUs are the streams' first: embeddings have what they leave. Threads that are made later inherit this. */
function giveWay(): void {
  try {
    setPriority(LOWER_PRIORITY);
  } catch {
    // Not every system lets a process do that; then both have the same share.
  }
}

function receive(message: ToWorker): void {
  switch (message.type) {
    case "load":
      load(message.options).catch(die);
      return;
    case "prepare-inputs":
      prepare(message);
      return;
    case "compute-input":
      compute(message).catch(die);
      return;
    case "ping":
      post({
        type: "pong",
        stepAgeMs: startedAtMs === null ? 0 : performance.now() - startedAtMs,
      });
      return;
    default:
      die(new Error(`this worker does not generate: ${message.type}`));
  }
}

async function load(options: ModelOptions): Promise<void> {
  try {
    loaded = await loadEmbeddingModel({
      options,
      onProgress: (progress) => post({ type: "loading", progress }),
      log: (level, message) => post({ type: "log", level, message }),
    });
    post({ type: "loaded", model: loaded.info });
  } catch (error) {
    post({ type: "load-failed", error: wireError(error) });
  }
}

function prepare({ id, request }: Extract<ToWorker, { type: "prepare-inputs" }>): void {
  const type = "inputs-prepared";
  try {
    post({ type, id, result: prepareInputs(request, model()) });
  } catch (error) {
    post({ type, id, result: wireError(error) });
  }
}

async function compute({ id, input }: Extract<ToWorker, { type: "compute-input" }>) {
  const type = "input-computed";
  startedAtMs = performance.now();
  try {
    post({ type, id, result: await model().compute(input) });
  } catch (error) {
    post({ type, id, result: wireError(error) });
  } finally {
    startedAtMs = null;
  }
}

function model(): EmbeddingModel {
  if (!loaded) throw new ServiceError("engine_unavailable", "the model is not loaded");
  return loaded;
}

function post(message: FromWorker): void {
  send([message]);
}
