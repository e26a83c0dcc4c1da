// Entry point of the worker process that generates: message in → slot → events out. engine/worker-process.ts starts it;
// nothing imports it. It ends when its parent process is gone.

import type { FromWorker, StepEvent, ToWorker } from "../engine/messages.ts";
import { ServiceError } from "../errors.ts";
import type { Question } from "../generation/questions.ts";
import { openPrefixCache } from "./cache/open-prefix-cache.ts";
import type { LoadOptions } from "./load/device.ts";
import { type LoadedModel, loadModel } from "./load/model.ts";
import { Outbox } from "./outbox.ts";
import { answerReaderDeps } from "./output/answer-reader.ts";
import { die, type LoadedWorker, send, serveParent, wireError } from "./parent-channel.ts";
import { answerQuestion } from "./prompt/answer-question.ts";
import { type QuestionMessage, QuestionQueue, type QuestionTurn } from "./prompt/question-queue.ts";
import type { Batcher } from "./step/batcher.ts";
import { generate } from "./step/generate.ts";
import type { GenerateDeps } from "./step/prefill.ts";
import { Run } from "./step/run.ts";
import { kvTokensOf, type Slot } from "./step/slots.ts";

type Model = LoadedModel & GenerateDeps;

/** Empty until the model is loaded. */
let slots: readonly Slot[] = [];
const outbox = new Outbox(send, () => kvTokensOf(slots));
const runs = new Map<string, Run>();

serveParent({ load, post: (message) => outbox.post(message) });

async function load(options: LoadOptions): Promise<LoadedWorker<Question>> {
  const loaded = await loadModel({
    ...options,
    onStep: () => {
      outbox.flushSoon();
      questions.wake();
    },
    onLoad: (step) => outbox.addLoad(step),
  });
  const { batcher, info } = loaded;
  slots = loaded.slots;
  const emit = (event: StepEvent) => outbox.add(event);
  const log = (level: "info" | "warn", message: string) =>
    outbox.post({ type: "log", level, message });
  const prefixes = await openPrefixCache(loaded, {
    options: options.options,
    log,
    onBytes: (bytes) => outbox.post({ type: "saved", ...bytes }),
  });
  const model = { ...loaded, prefixes, emit };
  const questions = new QuestionQueue({
    answer: async (question, turn) => outbox.post(await answer(question, model, turn)),
    onComputing: (id) => send([{ type: "computing", id }]), // at once: the answer may end this process
    isIdle: () => batcher.isIdle,
  });
  return {
    info,
    receive: (message) => receive(message, model, questions),
    stepAgeMs: () => batcher.stepAgeMs,
    close: () => prefixes.close(),
  };
}

type Message = Parameters<LoadedWorker<Question>["receive"]>[0];

function receive(message: Message, model: Model, questions: QuestionQueue): void {
  const run = runs.get(message.id);
  switch (message.type) {
    case "ask":
      return questions.add(message);
    case "start":
      return start(message, model);
    case "credit":
      return run?.addCredit(message.bytes);
    case "abort":
      run?.abort();
      if (questions.drop(message.id)) refuseDropped(message.id);
      return;
    case "suspend":
      return run?.suspend();
  }
}

async function answer(
  { id, question }: QuestionMessage,
  model: Model,
  turn: QuestionTurn,
): Promise<FromWorker> {
  try {
    const answer = await answerQuestion(question, model, turn);
    return { type: "answered", id, answer, ms: turn.computedMs };
  } catch (error) {
    return { type: "refused", id, error: wireError(error), ms: turn.computedMs };
  }
}

function refuseDropped(id: string): void {
  const error = wireError(new ServiceError("aborted", "the client cancelled the question"));
  outbox.post({ type: "refused", id, error, ms: 0 });
}

function start(message: Extract<ToWorker, { type: "start" }>, model: Model): void {
  const { id, request, generated, cacheScope, creditBytes } = message;
  const deps = answerReaderDeps(model, request.output);
  const run = new Run({ id, request, cacheScope, creditBytes, ...deps });
  runs.set(id, run);
  for (const token of run.replay(generated))
    for (const event of run.accept(token)) model.emit({ type: "output", id, event });
  work(run, model).catch(die);
}

/** Runs a request on a slot until it ends or is suspended, frees the slot, and reports the outcome. */
async function work(run: Run, model: Model): Promise<void> {
  const { batcher, prefixes } = model;
  const { id } = run;
  const place = prefixes.take(run);
  if (!place)
    return end(id, batcher, [{ type: "failed", id, error: wireError("no slot is free") }]);
  const { slot } = place;
  try {
    const lastEvents = await generate(run, place, model);
    prefixes.leave(slot);
    end(id, batcher, lastEvents);
  } catch (error) {
    await slot.clear(batcher); // after an error its content is unknown
    prefixes.leave(slot);
    end(id, batcher, [{ type: "failed", id, error: wireError(error) }]);
  }
}

function end(id: string, { isIdle }: Batcher, lastEvents: readonly StepEvent[]): void {
  runs.delete(id);
  for (const event of lastEvents) outbox.add(event);
  if (isIdle) outbox.flushSoon(); // otherwise the next step sends them
}
