// Entry point of the worker process for embeddings and reranking. Computes one input per message. engine/worker-process.ts
// starts it when a request needs it; nothing imports it. It ends when its parent process is gone.

import { setPriority } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { FromWorker, ToWorker } from "../engine/messages.ts";
import type { EmbeddingQuestion } from "../generation/questions.ts";
import type { LoadOptions } from "./load/device.ts";
import { computeInput, type EmbeddingModel, loadEmbeddingModel } from "./load/embedding-model.ts";
import { die, type LoadedWorker, send, serveParent, wireError } from "./parent-channel.ts";
import { prepareInputs } from "./prompt/prepare-inputs.ts";
import { SlicedTurn } from "./prompt/turn.ts";

/** A `nice` value: about a tenth of the CPU time of a normal process on the same CPU. */
const LOWER_PRIORITY = 10;

/** Null while no input is being computed. */
let startedAtMs: number | null = null;

giveWay();
serveParent<EmbeddingQuestion>({ load, post });

/** Generation has priority on the CPUs. Threads that are created later inherit this priority. */
function giveWay(): void {
  try {
    setPriority(LOWER_PRIORITY);
  } catch {
    // Some systems do not allow it; both workers then have the same priority.
  }
}

async function load(options: LoadOptions): Promise<LoadedWorker<EmbeddingQuestion>> {
  const model = await loadEmbeddingModel(options);
  return {
    info: model.info,
    receive: (message) => {
      if (message.type === "abort") return; // an input cannot be interrupted
      if (message.type !== "ask") die(new Error(`this worker does not generate: ${message.type}`));
      else answer(message, model).catch(die);
    },
    stepAgeMs: () => (startedAtMs === null ? 0 : performance.now() - startedAtMs),
  };
}

type AskMessage = Extract<ToWorker<EmbeddingQuestion>, { type: "ask" }>;

async function answer({ id, question }: AskMessage, model: EmbeddingModel): Promise<void> {
  const askedAtMs = performance.now();
  startedAtMs = askedAtMs;
  try {
    const answer = await answerTo(id, question, model);
    post({ type: "answered", id, answer, ms: performance.now() - askedAtMs });
  } catch (error) {
    post({ type: "refused", id, error: wireError(error), ms: performance.now() - askedAtMs });
  } finally {
    startedAtMs = null;
  }
}

function answerTo(id: string, question: EmbeddingQuestion, model: EmbeddingModel) {
  if (question.type === "compute-input") return computeInput(question.input, model);
  post({ type: "computing", id }); // at once: some inputs could end this process
  return prepareInputs(question.request, model, new SlicedTurn(() => nextTurn()));
}

function post(message: FromWorker): void {
  send([message]);
}
