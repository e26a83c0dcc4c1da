// One handler for all dialects: parse → enter the queue → accept → generate → deliver (stream, body, or background).
// Every request ends exactly once: with its answer, or with one error in the dialect's envelope.

import type { RequestHandler } from "express";
import type { Logger } from "pino";
import type { Dialect } from "../../api/dialect.ts";
import type { UsageBook } from "../../keys/usage-book.ts";
import type { Metrics } from "../../metrics.ts";
import type { Catalog } from "../../models/catalog.ts";
import type { RequestQueue } from "../../queue/request-queue.ts";
import { modelInPath } from "../routes/path-model.ts";
import { nameIgnored, refuseUnknown } from "../server/ignored-params.ts";
import { callerOf, localsOf, ownerOf, requestIdOf } from "../server/response-locals.ts";
import { watchClient } from "../stream/disconnect.ts";
import { identityOf } from "./accept.ts";
import { answerLater, replay } from "./background-answer.ts";
import { type ChoiceDeps, generateChoices } from "./choices.ts";
import { collectAnswer } from "./collect-answer.ts";
import type { Arrival, Exchange } from "./exchange.ts";
import { type ParseDeps, parseContext } from "./parse-context.ts";
import { RequestRecord } from "./request-record.ts";
import { isResumableRequest, type ResumableDeps, streamResumably } from "./resumable-answer.ts";
import type { RunningRequests } from "./running-requests.ts";
import { streamAnswer } from "./stream-answer.ts";
import { deadlineOf, keepLimits, type TimeLimits } from "./time-limits.ts";
import { placeOf, waitedMs, waitStatusOf } from "./wait-status.ts";

/** The needs of the handler itself, and of its steps: parse, limit, generate, deliver. */
export type GenerateHandlerDeps = ParseDeps &
  ChoiceDeps &
  DeliveryDeps &
  TimeLimits & {
    readonly catalog: Catalog;
    readonly queue: RequestQueue;
    readonly requests: Pick<RunningRequests, "add">;
    readonly usage: Pick<UsageBook, "add">;
    readonly metrics: Metrics;
    readonly log: Logger;
    readonly isStrict: boolean;
  };

export function generateHandler(dialect: Dialect, deps: GenerateHandlerDeps): RequestHandler {
  return async (req, res) => {
    const { metrics, log } = deps;
    const requestId = requestIdOf(res);
    const record = new RequestRecord({ requestId, path: dialect.path, metrics, log });
    localsOf(res).isRecorded = true; // by `record.end()` below, however it ends
    const client = watchClient(req, res);
    let failure: unknown = null;
    try {
      await answer({ dialect, req, res, client, record }, deps);
    } catch (error) {
      failure = error;
      if (!res.headersSent && !res.destroyed) throw error; // the error mapper answers
    } finally {
      client.dispose();
      record.end(failure);
    }
  };
}

async function answer(arrival: Arrival, deps: GenerateHandlerDeps): Promise<void> {
  const { dialect, req, res, client, record } = arrival;
  const deadlineMs = deadlineOf(req);
  const context = { ...parseContext(deps, ownerOf(res)), ...modelInPath(req) };
  const parsed = dialect.parse(req.body, context);
  refuseUnknown(parsed, deps.isStrict);
  record.isStreamed = parsed.isStreamed;
  record.model = deps.catalog.resolve(parsed.model);
  nameIgnored(res, parsed);
  if (parsed.immediateBody) {
    record.isAnsweredWithoutEngine = true;
    return void res.json(parsed.immediateBody(identityOf(arrival)));
  }
  const { signal, abort } = client;
  const caller = callerOf(res);
  const tickets = deps.queue.enterAll(parsed.requests.length, {
    signal,
    abort,
    caller,
    deadlineMs,
    isFlex: parsed.isFlex,
    field: parsed.choicesPerPrompt > 1 ? "choices" : "prompt",
  });
  const isBuffered = !parsed.isStreamed && !parsed.storing?.isBackground;
  const clearLimits = keepLimits({ client, record, tickets, isBuffered, deadlineMs, limits: deps });
  const waitStatus = () => waitStatusOf(deps.engine, tickets);
  const queued = { ...arrival, parsed, tickets, waitStatus };
  const leaveList = deps.requests.add(listed(queued));
  try {
    const exchange = { ...queued, generate: generateChoices(queued, deps) };
    await chooseDelivery(exchange, deps.resumable)(exchange, deps);
  } finally {
    clearLimits();
    leaveList();
    record.queueMs = waitedMs(tickets);
    const hasRun = tickets.some((ticket) => ticket.hadTurn);
    deps.usage.add(caller, hasRun ? record.receipt.usage : null);
    for (const ticket of tickets) ticket.leave();
  }
}

/** The request as GET /v1/requests shows it. */
function listed({ dialect, res, client, record, parsed, tickets }: Omit<Exchange, "generate">) {
  return {
    requestId: requestIdOf(res),
    owner: ownerOf(res),
    path: dialect.path,
    startedAtMs: performance.now(),
    state: () => ({
      model: record.model,
      isStreamed: parsed.isStreamed,
      place: placeOf(tickets),
      ...record.tokens,
    }),
    abort: client.abort,
  };
}

type DeliveryDeps = ResumableDeps & {
  /** Whether streams survive their connection unless the client says otherwise. */
  readonly resumable: boolean;
};

type Delivery = (exchange: Exchange, deps: ResumableDeps) => Promise<void>;

/** @throws ServiceError 400 for an invalid `X-Resumable` header */
function chooseDelivery({ parsed, req, dialect }: Exchange, isDefault: boolean): Delivery {
  const isResumable = isResumableRequest(req, dialect, isDefault);
  if (parsed.storing?.isBackground) return parsed.isStreamed ? replay : answerLater;
  if (!parsed.isStreamed) return collectAnswer;
  return isResumable ? streamResumably : streamAnswer;
}
