// Runs as a worker process without a model: the first token of a prompt selects the action. Honours credit, and continues from
// tokens that another worker generated; the text of a token is its number.

import type { FromWorker, StepEvent, ToWorker } from "../../../src/engine/messages.ts";
import type { KvTokens } from "../../../src/generation/model-info.ts";
import { Tally } from "../../../src/generation/tally.ts";
import { ACTIONS } from "./actions.ts";
import { FAKE_MODEL } from "./fake-engine.ts";

const TOKEN_MS = 2;

type Start = Extract<ToWorker, { type: "start" }>;
type Work = { readonly start: Start; count: number; credit: number; timer: NodeJS.Timeout | null };
const works = new Map<string, Work>();

process.on("disconnect", () => process.exit());
process.on("message", (messages) => {
  for (const message of messages as ToWorker[]) receive(message);
});
send({ type: "started" });

function receive(message: ToWorker): void {
  if (message.type === "load") send({ type: "loaded", model: FAKE_MODEL });
  else if (message.type === "ping") send({ type: "pong", stepAgeMs: 0 });
  else if (message.type === "start") start(message);
  else if (message.type === "credit") addCredit(message.id, message.bytes);
  else if (message.type === "abort") abort(message.id);
  else if (message.type === "ask" && message.question.type === "tokenize")
    tokenize(message.id, message.question.text);
}

/** The text selects the action; a text without one is answered a little later. Other questions are never answered. */
function tokenize(id: string, text: string): void {
  if (text !== "kill") {
    setTimeout(() => send({ type: "answered", id, answer: [], ms: 0 }), 10 * TOKEN_MS);
    return;
  }
  send({ type: "computing", id });
  process.abort();
}

function start(message: Start): void {
  const { id, generated, creditBytes } = message;
  const work: Work = { start: message, count: generated.length, credit: creditBytes, timer: null };
  works.set(id, work);
  if (actionOf(work) === "kill-at-start") process.abort();
  decode(work);
}

function actionOf({ start: { request } }: Work): string | undefined {
  return ACTIONS[request.promptTokens[0] ?? 0];
}

function decode(work: Work): void {
  work.timer = setTimeout(() => step(work), actionOf(work) === "slow" ? 50 * TOKEN_MS : TOKEN_MS);
}

function step(work: Work): void {
  const { id, request } = work.start;
  if (actionOf(work) === "kill-at-5" && work.count === 5) process.abort();
  if (actionOf(work) === "nonsense-at-5" && work.count === 5)
    return send({ type: "step" } as FromWorker); // an invalid message for the server
  const number = work.count;
  work.count += 1;
  const text = `${number} `;
  work.credit -= text.length;
  const event = { type: "text-delta", text, tokens: 1, ids: [number] } as const;
  const isLast = work.count === request.maxTokens;
  const events: StepEvent[] = [{ type: "output", id, event }];
  if (isLast) events.push(finished(work));
  else if (work.credit <= 0) events.push({ type: "parked", id });
  send({ type: "step", events, loads: [], kvTokens: kvTokens() });
  if (isLast) works.delete(id);
  else if (work.credit > 0) decode(work);
  else work.timer = null;
}

/** One for each token that running requests have generated. */
function kvTokens(): KvTokens {
  return { running: [...works.values()].reduce((sum, { count }) => sum + count, 0), kept: 0 };
}

function finished({ start: { id, request }, count }: Work): StepEvent {
  const tally = new Tally(request.promptTokens.length);
  tally.completionTokens = count;
  return { type: "output", id, event: tally.finish("length", null) };
}

function addCredit(id: string, bytes: number): void {
  const work = works.get(id);
  if (!work) return;
  work.credit += bytes;
  if (work.credit > 0 && !work.timer) decode(work);
}

function abort(id: string): void {
  const work = works.get(id);
  if (!work) return;
  if (work.timer) clearTimeout(work.timer);
  works.delete(id);
  const events: StepEvent[] = [{ type: "aborted", id, tokensAfterAbort: 0 }];
  send({ type: "step", events, loads: [], kvTokens: kvTokens() });
}

function send(message: FromWorker): void {
  process.send?.([message]);
}
