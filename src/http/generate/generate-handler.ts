// One handler for all dialects: parse → enter the queue → prepare → generate → stream, collect, or go on without the client.
// Whatever happens, the request ends once: with its answer, or with one error in the dialect's envelope.

import type { RequestHandler } from "express";
import type { Dialect } from "../../api/dialect.ts";
import { modelInPath } from "../routes/path-model.ts";
import { nameIgnored, refuseUnknown } from "../server/ignored-params.ts";
import { callerOf, ownerOf, requestIdOf } from "../server/middleware.ts";
import { watchClient } from "../stream/disconnect.ts";
import { identityOf } from "./accept.ts";
import { answerLater, streamFromBehind } from "./background-answer.ts";
import { collectAnswer } from "./collect-answer.ts";
import {
  type Arrival,
  type Exchange,
  type HandlerDeps,
  parseContext,
  placeOf,
  waitedMs,
} from "./exchange.ts";
import { RequestRecord } from "./request-record.ts";
import { streamResumably, wantsResumable } from "./resumable-answer.ts";
import { streamAnswer } from "./stream-answer.ts";
import { deadlineOf, keepLimits } from "./time-limits.ts";

export function generateHandler(dialect: Dialect, deps: HandlerDeps): RequestHandler {
  return async (req, res) => {
    const { metrics, log } = deps;
    const requestId = requestIdOf(res);
    const record = new RequestRecord({ requestId, path: dialect.path, metrics, log });
    res.locals.isRecorded = true; // here, whatever becomes of it
    const client = watchClient(req, res);
    let failure: unknown = null;
    try {
      await answer({ deps, dialect, req, res, client, record });
    } catch (error) {
      failure = error;
      if (!res.headersSent && !res.destroyed) throw error; // the error mapper answers
    } finally {
      client.dispose();
      record.end(failure);
    }
  };
}

async function answer(on: Arrival): Promise<void> {
  const { deps, dialect, req, client, record } = on;
  const deadlineMs = deadlineOf(req);
  const parsed = dialect.parse(req.body, {
    ...parseContext(deps, ownerOf(on.res)),
    ...modelInPath(req),
  });
  refuseUnknown(parsed, deps.options.isStrict);
  record.isStreamed = parsed.isStreamed;
  record.model = deps.catalog.resolve(parsed.model);
  nameIgnored(on.res, parsed);
  if (parsed.immediateBody) {
    record.hasNothingToDo = true;
    return void on.res.json(parsed.immediateBody(identityOf(on)));
  }
  const { signal, abort } = client;
  const caller = callerOf(on.res);
  const isBuffered = !parsed.isStreamed && !parsed.storing?.isBackground;
  const tickets = deps.queue.enterAll(parsed.requests.length, {
    signal,
    abort,
    sharer: caller,
    deadlineMs,
    isFlex: parsed.isFlex,
    field: parsed.choicesPerPrompt > 1 ? "n" : "prompt",
  });
  const limits = { client, record, tickets, isBuffered, deadlineMs, options: deps.options };
  const clearLimits = keepLimits(limits);
  const leaveList = deps.requests.add({
    requestId: requestIdOf(on.res),
    owner: ownerOf(on.res),
    path: dialect.path,
    startedAtMs: performance.now(),
    state: () => ({
      model: record.model,
      isStreamed: parsed.isStreamed,
      place: placeOf(tickets),
      ...record.tokens,
    }),
    abort,
  });
  try {
    const exchange = { ...on, parsed, tickets };
    await wayOf(exchange)(exchange);
  } finally {
    clearLimits();
    leaveList();
    record.queueMs = waitedMs({ tickets });
    const hasRun = tickets.some((ticket) => ticket.hadTurn);
    deps.usage.add(caller, hasRun ? record.receipt.usage : null);
    for (const ticket of tickets) ticket.leave();
  }
}

function wayOf({ parsed, req, deps, dialect }: Exchange): (on: Exchange) => Promise<void> {
  const isResumable = wantsResumable(req, dialect, deps.options.resumable);
  if (parsed.storing?.isBackground) return parsed.isStreamed ? streamFromBehind : answerLater;
  if (!parsed.isStreamed) return collectAnswer;
  return isResumable ? streamResumably : streamAnswer;
}
