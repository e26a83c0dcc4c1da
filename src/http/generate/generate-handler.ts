// One handler for all dialects: parse → enter the queue → deliver (prepare, generate, send).
// Every request ends exactly once: with its answer, or with one error in the dialect's envelope.

import type { RequestHandler } from "express";
import type { Logger } from "pino";
import type { Dialect, ParsedRequest } from "../../api/dialect.ts";
import type { Engine } from "../../engine/engine.ts";
import type { UsageBook } from "../../keys/usage-book.ts";
import type { Metrics } from "../../metrics.ts";
import type { Catalog } from "../../models/catalog.ts";
import type { RequestQueue } from "../../queue/request-queue.ts";
import { modelInPath } from "../routes/path-model.ts";
import { nameIgnored, refuseUnknown } from "../server/ignored-params.ts";
import { callerOf, localsOf, ownerOf, requestIdOf } from "../server/response-locals.ts";
import { watchClient } from "../stream/disconnect.ts";
import { type DeliverDeps, deliver } from "./deliver.ts";
import { type Arrival, type Exchange, identityOf } from "./exchange.ts";
import { type ParseDeps, parseContext } from "./parse-context.ts";
import { RequestRecord } from "./request-record.ts";
import type { RunningRequests } from "./running-requests.ts";
import { type SinkDeps, sinkOf } from "./sinks.ts";
import { deadlineOf, keepLimits, type TimeLimits } from "./time-limits.ts";
import { placeOf, waitedMs, waitStatusOf } from "./wait-status.ts";

/** The needs of the handler itself, and of its steps: parse, limit, deliver. */
export type GenerateHandlerDeps = ParseDeps &
  TimeLimits &
  SinkDeps &
  DeliverDeps & {
    readonly engine: Pick<Engine, "status">;
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
  const { req, res, client, record } = arrival;
  const deadlineMs = deadlineOf(req);
  const parsed = parse(arrival, deps);
  if (parsed.immediateBody) {
    record.isAnsweredWithoutEngine = true;
    return void res.json(parsed.immediateBody(identityOf(arrival)));
  }
  const exchange = enterQueue(arrival, parsed, { ...deps, deadlineMs });
  const { tickets } = exchange;
  const isBuffered = !parsed.isStreamed && !parsed.storing?.isBackground;
  const clearLimits = keepLimits({ client, record, tickets, isBuffered, deadlineMs, limits: deps });
  const leaveList = deps.requests.add(listed(exchange));
  try {
    await deliver(exchange, sinkOf(exchange, deps), deps);
  } finally {
    clearLimits();
    leaveList();
    record.queueMs = waitedMs(tickets);
    const hasRun = tickets.some((ticket) => ticket.hadTurn);
    deps.usage.add(callerOf(res), hasRun ? record.receipt.usage : null);
    for (const ticket of tickets) ticket.leave();
  }
}

function parse({ dialect, req, res, record }: Arrival, deps: GenerateHandlerDeps): ParsedRequest {
  const context = { ...parseContext(deps, ownerOf(res)), ...modelInPath(req) };
  const parsed = dialect.parse(req.body, context);
  refuseUnknown(parsed, deps.isStrict);
  record.isStreamed = parsed.isStreamed;
  record.model = deps.catalog.resolve(parsed.model);
  nameIgnored(res, parsed);
  return parsed;
}

type EnterDeps = Pick<GenerateHandlerDeps, "queue" | "engine"> & {
  readonly deadlineMs: number | null;
};

/** @throws ServiceError 429 or 503, with the time after which to retry */
function enterQueue(
  arrival: Arrival,
  parsed: ParsedRequest,
  { queue, engine, deadlineMs }: EnterDeps,
): Exchange {
  const { signal, abort } = arrival.client;
  const tickets = queue.enterAll(parsed.requests.length, {
    signal,
    abort,
    caller: callerOf(arrival.res),
    deadlineMs,
    isFlex: parsed.isFlex,
    field: parsed.choicesPerPrompt > 1 ? "choices" : "prompt",
  });
  return { ...arrival, parsed, tickets, waitStatus: () => waitStatusOf(engine, tickets) };
}

/** The request as GET /v1/requests shows it. */
function listed({ dialect, res, client, record, parsed, tickets }: Exchange) {
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
