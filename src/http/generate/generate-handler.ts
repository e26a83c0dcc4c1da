// One handler for all dialects. Its numbers are the steps of docs/architecture.md; deliver.ts has the rest.
// Every request ends exactly once: with its answer, or with one error in the dialect's envelope.

import type { RequestHandler } from "express";
import type { Dialect } from "../../api/dialect.ts";
import { toServiceError } from "../../errors.ts";
import type { Journal } from "../../journal/journal.ts";
import type { UsageBook } from "../../keys/usage/usage-book.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { ModelList } from "../../models/model-list.ts";
import type { Admissions } from "../../queue/admissions.ts";
import { modelInPath } from "../routes/path-model.ts";
import { allowedModels } from "../server/allowed-models.ts";
import { requestFacts } from "../server/ended-request.ts";
import { nameIgnored, refuseUnknown } from "../server/ignored-params.ts";
import { callerOf, localsOf, ownerOf, requestIdOf } from "../server/response-locals.ts";
import { watchClient } from "../stream/disconnect.ts";
import { type AcceptDeps, accept } from "./accept.ts";
import { type CarryOutDeps, carryOut } from "./carry-out.ts";
import { deliver } from "./deliver.ts";
import { type Arrival, type Exchange, identityOf } from "./exchange.ts";
import { type ParseDeps, parseContext } from "./parse-context.ts";
import { RequestRecord } from "./request-record.ts";
import { type SinkDeps, sinkOf } from "./sinks.ts";
import { deadlineOf, keepLimits, type TimeLimits } from "./time-limits.ts";

/** The needs of the handler itself, and of its steps: parse, limit, deliver. */
export type GenerateHandlerDeps = ParseDeps &
  TimeLimits &
  SinkDeps &
  AcceptDeps &
  CarryOutDeps & {
    readonly models: Pick<ModelList, "allowedTo">;
    readonly queue: Admissions;
    readonly usage: Pick<UsageBook, "add">;
    readonly metrics: Metrics;
    readonly journal: Pick<Journal, "ended">;
    readonly isStrict: boolean;
  };

export function generateHandler(dialect: Dialect, deps: GenerateHandlerDeps): RequestHandler {
  return async (req, res) => {
    const requestId = requestIdOf(res);
    const record = new RequestRecord({ requestId, metrics: deps.metrics });
    localsOf(res).isRecorded = true; // in the journal below, however it ends
    const client = watchClient(req, res);
    let failure: unknown = null;
    try {
      await answer({ dialect, requestId, req, res, client, record }, deps);
    } catch (error) {
      failure = error;
      if (!res.headersSent && !res.destroyed) throw error; // the error mapper answers
    } finally {
      client.dispose();
      const facts = requestFacts(req, res, failure === null ? null : toServiceError(failure));
      deps.journal.ended({ ...facts, path: dialect.path, ...record.end(facts.failure) });
    }
  };
}

async function answer(arrival: Arrival, deps: GenerateHandlerDeps): Promise<void> {
  const { req, res, record } = arrival; // 1. arrive
  const deadlineMs = deadlineOf(req);
  const { parsed, model } = parse(arrival, deps); // 2. parse
  if (parsed.modelAction) {
    record.isAnsweredWithoutEngine = true;
    await carryOut(parsed.modelAction, { ...arrival, model, deadlineMs }, deps);
    return void res.json(parsed.modelAction.body(identityOf(arrival)));
  }
  const exchange = admit({ ...arrival, parsed, model }, { ...deps, deadlineMs }); // 3. admit
  const { admission } = exchange;
  record.admission = admission;
  const clearLimits = keepLimits(exchange, { ...deps, deadlineMs });
  try {
    const { sink, keptAs } = sinkOf(exchange, deps);
    const accepting = () => accept({ ...exchange, keptAs }, deps);
    await deliver({ ...exchange, sink, accept: accepting }); // 4. prepare to 8. deliver
  } finally {
    clearLimits();
    deps.usage.add(callerOf(res), admission.hadTurn ? record.receipt.usage : null);
    admission.leave();
  }
}

type ParsedArrival = Arrival & Pick<Exchange, "parsed" | "model">;

function parse(
  { dialect, req, res, record }: Arrival,
  deps: GenerateHandlerDeps,
): Pick<ParsedArrival, "parsed" | "model"> {
  const context = { ...parseContext(deps, ownerOf(res)), ...modelInPath(req) };
  const parsed = dialect.parse(req.body, context);
  refuseUnknown(parsed, deps.isStrict);
  record.isStreamed = parsed.isStreamed;
  const { id, model } = allowedModels(res, deps.models).resolve(parsed.model);
  record.model = id;
  record.servedModel = model.servedModel;
  nameIgnored(res, parsed);
  return { parsed, model };
}

type AdmitDeps = Pick<GenerateHandlerDeps, "queue"> & { readonly deadlineMs: number | null };

/** Enters the queue. @throws ServiceError 429 or 503, with the time after which to retry */
function admit(arrival: ParsedArrival, { queue, deadlineMs }: AdmitDeps): Exchange {
  const { dialect, requestId, res, client, record, parsed, model } = arrival;
  const { signal, abort } = client;
  const admission = queue.enter({
    signal,
    abort,
    caller: callerOf(res),
    lane: model.lane.name,
    deadlineMs,
    isFlex: parsed.isFlex,
    choices: parsed.requests.length,
    field: parsed.choicesPerPrompt > 1 ? "choices" : "prompt",
    listing: {
      requestId,
      path: dialect.path,
      record,
      modelWait: () => model.waitStatus(admission),
    },
  });
  const waitStatus = () => model.waitStatus(admission) ?? admission.place;
  return { ...arrival, admission, waitStatus };
}
