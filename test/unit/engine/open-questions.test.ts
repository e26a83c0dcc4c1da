// Questions to a worker: their answers, their costs, and what an abort or the loss of the worker does to them.

import { expect, test } from "vitest";
import type { ToWorker } from "../../../src/engine/messages.ts";
import { OpenQuestions } from "../../../src/engine/open-questions.ts";
import { ServiceError } from "../../../src/errors.ts";
import type { AnyQuestion } from "../../../src/generation/questions.ts";

const QUESTION = { type: "detokenize", tokens: [1, 2] } as const;

function open() {
  const sent: ToWorker<AnyQuestion>[] = [];
  const questions = new OpenQuestions((message) => sent.push(message));
  const controller = new AbortController();
  const ask = () => questions.ask(QUESTION, controller.signal);
  return { sent, questions, controller, ask };
}

test("sends each question with an id, and gives each its answer and its cost", async () => {
  const { sent, questions, ask } = open();

  const [first, second] = [ask(), ask()];
  questions.receive({ type: "answered", id: "q2", answer: "two", ms: 5 });
  questions.receive({ type: "answered", id: "q1", answer: "one", ms: 3 });

  expect(sent).toEqual([
    { type: "ask", id: "q1", question: QUESTION },
    { type: "ask", id: "q2", question: QUESTION },
  ]);
  expect([await first.answer, await second.answer]).toEqual(["one", "two"]);
  expect([await first.costMs, await second.costMs]).toEqual([3, 5]);
});

test("rejects a refused question with a ServiceError", async () => {
  const { questions, ask } = open();
  const { answer, costMs } = ask();

  const error = { code: "invalid_value", message: "tokens has the token -1", param: "tokens" };
  questions.receive({ type: "refused", id: "q1", error, ms: 2 });

  await expect(answer).rejects.toMatchObject(error);
  expect(await costMs).toBe(2);
});

test("an abort rejects the answer at once, and the cost is known when the worker replies", async () => {
  const { sent, questions, controller, ask } = open();
  const { answer, costMs } = ask();
  const reason = new ServiceError("aborted", "the client has left");

  controller.abort(reason);
  await expect(answer).rejects.toBe(reason);
  expect(sent.at(-1)).toEqual({ type: "abort", id: "q1" });
  questions.receive({ type: "answered", id: "q1", answer: "late", ms: 7 });

  expect(await costMs).toBe(7);
});

test("does not send an abort for a question that is over", async () => {
  const { sent, questions, controller, ask } = open();
  const { costMs } = ask();
  questions.receive({ type: "answered", id: "q1", answer: "one", ms: 3 });
  await costMs;

  controller.abort();

  expect(sent).toHaveLength(1);
});

test("the loss of the worker rejects all open questions, which cost nothing", async () => {
  const { questions, ask } = open();
  const asked = [ask(), ask()];
  const error = new ServiceError("worker_crashed", "gone");

  questions.lose(error, { isFromOutside: false });

  for (const { answer, costMs } of asked) {
    await expect(answer).rejects.toBe(error);
    expect(await costMs).toBe(0);
  }
});

test.each([
  [false, "only the question that was being computed is not asked again"],
  [true, "every question is asked again if something else has killed the worker"],
])("isFromOutside %s: %s", async (isFromOutside) => {
  const { questions, ask } = open();
  const [waiting, computed] = [ask(), ask()];
  const error = new ServiceError("worker_crashed", "gone");

  questions.receive({ type: "computing", id: "q2" });
  questions.lose(error, { isFromOutside });

  await expect(waiting.answer).rejects.toBe(error); // the engine asks again after this error
  const reason = await computed.answer.catch((thrown: unknown) => thrown);
  expect(reason === error).toBe(isFromOutside);
  expect(reason).toMatchObject({ code: "worker_crashed" });
});

test("a question that pauses, or has been answered, is not the one that ends the worker", async () => {
  const { questions, ask } = open();
  const [pausing, waiting] = [ask(), ask()];
  const error = new ServiceError("worker_crashed", "gone");

  questions.receive({ type: "computing", id: "q1" });
  questions.receive({ type: "computing", id: null });
  questions.lose(error, { isFromOutside: false });

  await expect(pausing.answer).rejects.toBe(error);
  await expect(waiting.answer).rejects.toBe(error);
});
