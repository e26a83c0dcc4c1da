// One handler for all dialects: parse → enter the queue → prepare → generate → stream or collect. Whatever happens, the
// request ends once: with its answer, or with one error in the dialect's envelope.

import { randomInt } from "node:crypto";
import type { RequestHandler, Response } from "express";
import type { Dialect, ParsedRequest } from "../api/dialect.ts";
import { ServiceError } from "../errors.ts";
import { SEEDS } from "../generation/request.ts";
import { collectAnswer } from "./collect-answer.ts";
import { watchClient } from "./disconnect.ts";
import { type Arrival, type HandlerDeps, waitedMs } from "./exchange.ts";
import { RequestRecord } from "./request-record.ts";
import { streamAnswer } from "./stream-answer.ts";

/** A header has its limits: so many ignored fields are named, and so much of each name. */
const MAX_NAMED = 20;
const MAX_NAME_CHARS = 64;

export function generateHandler(dialect: Dialect, deps: HandlerDeps): RequestHandler {
  return async (req, res) => {
    const { metrics, log, options } = deps;
    const requestId = String(res.getHeader("x-request-id"));
    const record = new RequestRecord({ requestId, path: dialect.path, metrics, log });
    res.locals.isRecorded = true; // here, whatever becomes of it
    const client = watchClient(req, res, options.requestTimeoutMs);
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
  const parsed = dialect.parse(req.body, {
    defaultMaxTokens: deps.options.maxTokens,
    allowsGrammar: deps.options.allowGrammar,
    randomSeed: () => randomInt(SEEDS),
  });
  refuseUnknown(parsed, deps.options.isStrict);
  record.isStreamed = parsed.isStreamed;
  record.model = deps.catalog.resolve(parsed.model);
  nameIgnored(on.res, parsed);
  const { signal, abort } = client;
  const tickets = deps.queue.enterAll(parsed.requests.length, {
    signal,
    abort,
    isFlex: parsed.isFlex,
  });
  try {
    const exchange = { ...on, parsed, tickets };
    await (parsed.isStreamed ? streamAnswer(exchange) : collectAnswer(exchange));
  } finally {
    record.queueMs = waitedMs({ tickets });
    for (const ticket of tickets) ticket.leave();
  }
}

type Ignoring = Pick<ParsedRequest, "ignoredParams">;

export function refuseUnknown({ ignoredParams }: Ignoring, isStrict: boolean): void {
  const [param] = ignoredParams;
  if (!isStrict || param === undefined) return;
  throw new ServiceError(
    "unknown_parameter",
    `${param} is not a field of this request (--strict)`,
    {
      param,
    },
  );
}

export function nameIgnored(res: Response, { ignoredParams }: Ignoring): void {
  if (ignoredParams.length === 0) return;
  const shown = ignoredParams.slice(0, MAX_NAMED).map((name) => {
    const encoded = encodeURIComponent(name.slice(0, MAX_NAME_CHARS).toWellFormed());
    return encoded.replaceAll("%5B", "[").replaceAll("%5D", "]");
  });
  const more = ignoredParams.length - shown.length;
  if (more > 0) shown.push(`and ${more} more`);
  res.setHeader("x-ignored-params", shown.join(", "));
}
