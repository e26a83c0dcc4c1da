// Entry point of the worker process that generates: message in → slot → events out. engine/worker-process.ts starts it;
// nothing imports it. It ends when its parent process is gone.

import type { FromWorker, StepEvent, ToWorker } from "../engine/messages.ts";
import { ServiceError } from "../errors.ts";
import { type LoadedModel, loadModel } from "./load/model.ts";
import { Outbox } from "./outbox.ts";
import { answerReaderDeps } from "./output/answer-reader.ts";
import { die, send, serveParent, wireError } from "./parent-channel.ts";
import { answerQuestion } from "./prompt/answer-question.ts";
import { type QuestionMessage, QuestionQueue } from "./prompt/question-queue.ts";
import { generate } from "./step/generate.ts";
import type { GenerateDeps } from "./step/prefill.ts";
import { Run } from "./step/run.ts";
import { SlotPool } from "./step/slots.ts";

const outbox = new Outbox(send);
const runs = new Map<string, Run>();
const questions = new QuestionQueue({
  answer: (question) => outbox.post(answer(question)),
  isIdle: () => loaded?.batcher.isIdle ?? true,
});
let loaded: (LoadedModel & GenerateDeps & { readonly pool: SlotPool }) | null = null;

serveParent(receive);
outbox.post({ type: "started" });

function receive(message: ToWorker): void {
  switch (message.type) {
    case "load":
      load(message).catch(die);
      return;
    case "ask":
      questions.add(message);
      return;
    case "start":
      start(message);
      return;
    case "credit":
      runs.get(message.id)?.addCredit(message.bytes);
      return;
    case "abort":
      runs.get(message.id)?.abort();
      if (questions.drop(message.id)) refuseDropped(message.id);
      return;
    case "suspend":
      runs.get(message.id)?.suspend();
      return;
    case "ping":
      outbox.post({ type: "pong", stepAgeMs: loaded?.batcher.stepAgeMs ?? 0 });
      return;
  }
}

async function load({ options }: Extract<ToWorker, { type: "load" }>): Promise<void> {
  try {
    const model = await loadModel({
      options,
      onProgress: (progress) => outbox.post({ type: "loading", progress }),
      log: (level, message) => outbox.post({ type: "log", level, message }),
      onStep: () => {
        outbox.flushSoon();
        questions.wake();
      },
      onLoad: (step) => outbox.addLoad(step),
    });
    const emit = (event: StepEvent) => outbox.add(event);
    loaded = { ...model, pool: new SlotPool(model.slots), emit };
    outbox.post({ type: "loaded", model: model.info });
  } catch (error) {
    outbox.post({ type: "load-failed", error: wireError(error) });
  }
}

function answer({ id, question }: QuestionMessage): FromWorker {
  const startedAtMs = performance.now();
  const elapsedMs = () => performance.now() - startedAtMs;
  try {
    if (!loaded) throw new ServiceError("engine_unavailable", "the model is not loaded");
    return { type: "answered", id, answer: answerQuestion(question, loaded), ms: elapsedMs() };
  } catch (error) {
    return { type: "refused", id, error: wireError(error), ms: elapsedMs() };
  }
}

function start(message: Extract<ToWorker, { type: "start" }>): void {
  const { id, request, generated, cacheScope, creditBytes } = message;
  if (!loaded) return report({ type: "failed", id, error: wireError("the model is not loaded") });
  const deps = answerReaderDeps(loaded, request.output);
  const run = new Run({ id, request, cacheScope, creditBytes, ...deps });
  runs.set(id, run);
  for (const token of run.replay(generated))
    for (const event of run.accept(token)) outbox.add({ type: "output", id, event });
  work(run).catch(die);
}

function refuseDropped(id: string): void {
  const error = wireError(new ServiceError("aborted", "the client cancelled the question"));
  outbox.post({ type: "refused", id, error, ms: 0 });
}

/** Runs a request on a slot until it ends or is suspended, frees the slot, and reports the outcome. */
async function work(run: Run): Promise<void> {
  const { id } = run;
  const slot = loaded?.pool.take(run.tokens, run.cacheScope);
  if (!loaded || !slot)
    return end(run, { type: "failed", id, error: wireError("no slot is free") });
  try {
    const lastEvents = await generate(run, slot, loaded);
    loaded.pool.release(slot);
    end(run, ...lastEvents);
  } catch (error) {
    await slot.clear(loaded.batcher); // after an error its content is unknown
    loaded.pool.release(slot);
    end(run, { type: "failed", id, error: wireError(error) });
  }
}

function end(run: Run, ...events: readonly StepEvent[]): void {
  runs.delete(run.id);
  report(...events);
}

function report(...events: readonly StepEvent[]): void {
  for (const event of events) outbox.add(event);
  if (!loaded || loaded.batcher.isIdle) outbox.flushSoon(); // otherwise the next step sends them
}
