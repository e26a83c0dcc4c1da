// One handler for all dialects: parse → enter the queue → accept → generate → deliver (stream, body, or background).
// Every request ends exactly once: with its answer, or with one error in the dialect's envelope.

import type { RequestHandler } from "express";
import type { Logger } from "pino";
import type { Dialect } from "../../api/dialect.ts";
import type { WaitingStatus } from "../../generation/wait-status.ts";
import type { UsageBook } from "../../keys/usage-book.ts";
import type { Metrics } from "../../metrics.ts";
import type { Catalog } from "../../models/catalog.ts";
import type { Admission } from "../../queue/admission.ts";
import type { Admissions } from "../../queue/admissions.ts";
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
import { streamAnswer } from "./stream-answer.ts";
import { deadlineOf, keepLimits, type TimeLimits } from "./time-limits.ts";

/** The needs of the handler itself, and of its steps: parse, limit, generate, deliver. */
export type GenerateHandlerDeps = ParseDeps &
  ChoiceDeps &
  DeliveryDeps &
  TimeLimits & {
    readonly catalog: Catalog;
    readonly queue: Admissions;
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
  const admission = deps.queue.enter({
    signal,
    abort,
    caller,
    deadlineMs,
    isFlex: parsed.isFlex,
    choices: parsed.requests.length,
    field: parsed.choicesPerPrompt > 1 ? "n" : "prompt",
    listing: { requestId: requestIdOf(res), path: dialect.path, record },
  });
  record.admission = admission;
  const isBuffered = !parsed.isStreamed && !parsed.storing?.isBackground;
  const clearLimits = keepLimits({
    client,
    record,
    admission,
    isBuffered,
    deadlineMs,
    limits: deps,
  });
  const waitStatus = () => waitStatusOf(deps.engine, admission);
  const queued = { ...arrival, parsed, admission, waitStatus };
  try {
    const exchange = { ...queued, generate: generateChoices(queued, deps) };
    await chooseDelivery(exchange, deps.resumable)(exchange, deps);
  } finally {
    clearLimits();
    deps.usage.add(caller, admission.hadTurn ? record.receipt.usage : null);
    admission.leave();
  }
}

/** Null once one of the choices has a slot. */
function waitStatusOf(
  engine: GenerateHandlerDeps["engine"],
  { place }: Admission,
): WaitingStatus | null {
  const { state, loadProgress } = engine.status();
  if (state !== "ready")
    return { type: "loading", state, progress: Math.round(loadProgress * 100) / 100 };
  return place;
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
