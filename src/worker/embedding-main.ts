// Entry point of the worker process for embeddings and reranking. Computes one input per message. engine/worker-process.ts
// starts it when a request needs it; nothing imports it. It ends when its parent process is gone.

import { setPriority } from "node:os";
import type { FromWorker, ModelOptions, ToWorker } from "../engine/messages.ts";
import { ServiceError } from "../errors.ts";
import type { EmbeddingQuestion } from "../generation/questions.ts";
import { computeInput, type EmbeddingModel, loadEmbeddingModel } from "./load/embedding-model.ts";
import { die, send, serveParent, wireError } from "./parent-channel.ts";
import { prepareInputs } from "./prompt/prepare-inputs.ts";

type Message = ToWorker<EmbeddingQuestion>;

/** A `nice` value: about a tenth of the CPU time of a normal process on the same CPU. */
const LOWER_PRIORITY = 10;

let loaded: EmbeddingModel | null = null;
/** Null while no input is being computed. */
let startedAtMs: number | null = null;

serveParent(receive);
giveWay();
post({ type: "started" });

/** Generation has priority on the CPUs. Threads that are created later inherit this priority. */
function giveWay(): void {
  try {
    setPriority(LOWER_PRIORITY);
  } catch {
    // Some systems do not allow it; both workers then have the same priority.
  }
}

function receive(message: Message): void {
  switch (message.type) {
    case "load":
      load(message.options).catch(die);
      return;
    case "ask":
      answer(message).catch(die);
      return;
    case "abort":
      return; // an input cannot be interrupted
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

async function answer({ id, question }: Extract<Message, { type: "ask" }>): Promise<void> {
  const askedAtMs = performance.now();
  startedAtMs = askedAtMs;
  try {
    const answer =
      question.type === "prepare-inputs"
        ? prepareInputs(question.request, model())
        : await computeInput(question.input, model());
    post({ type: "answered", id, answer, ms: performance.now() - askedAtMs });
  } catch (error) {
    post({ type: "refused", id, error: wireError(error), ms: performance.now() - askedAtMs });
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
