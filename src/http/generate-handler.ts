// One handler for all dialects: parse → enter the queue → prepare → generate → stream or collect. Whatever happens, the
// request ends once: with its answer, or with one error in the dialect's envelope.

import { randomBytes, randomInt } from "node:crypto";
import type { Request, RequestHandler, Response } from "express";
import type { Logger } from "pino";
import type { AnswerEncoder, Dialect, ParsedRequest } from "../api/dialect.ts";
import type { Engine } from "../engine/engine.ts";
import { ServiceError, toServiceError } from "../errors.ts";
import type { GenerateEvent } from "../generation/events.ts";
import { type PreparedRequest, SEEDS } from "../generation/request.ts";
import type { Metrics } from "../metrics.ts";
import type { Catalog } from "../models/catalog.ts";
import type { RequestQueue } from "../queue/request-queue.ts";
import type { Ticket } from "../queue/ticket.ts";
import { type ClientWatch, watchClient } from "./disconnect.ts";
import { RequestRecord } from "./request-record.ts";
import { SseStream } from "./sse.ts";

export type HandlerDeps = {
  readonly engine: Engine;
  readonly queue: RequestQueue;
  readonly catalog: Catalog;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly startedAtSeconds: number;
  /** Limits and habits; times in ms. */
  readonly options: {
    readonly maxTokens: number | null;
    readonly isStrict: boolean;
    readonly heartbeatMs: number;
    readonly stallTimeoutMs: number;
    readonly requestTimeoutMs: number;
  };
};

/** A header has its limits: so many ignored fields are named, and so much of each name. */
const MAX_NAMED = 20;
const MAX_NAME_CHARS = 64;

/** One request on its way. */
type Exchange = {
  readonly deps: HandlerDeps;
  readonly dialect: Dialect;
  readonly req: Request;
  readonly res: Response;
  readonly client: ClientWatch;
  readonly record: RequestRecord;
};

export function generateHandler(dialect: Dialect, deps: HandlerDeps): RequestHandler {
  return async (req, res) => {
    const { metrics, log, options } = deps;
    const requestId = String(res.getHeader("x-request-id"));
    const record = new RequestRecord({ requestId, path: dialect.path, metrics, log });
    const client = watchClient(req, res, options.requestTimeoutMs);
    let failure: unknown = null;
    try {
      await exchange({ deps, dialect, req, res, client, record });
    } catch (error) {
      failure = error;
      if (!res.headersSent && !res.destroyed) throw error; // the error mapper answers
    } finally {
      client.dispose();
      record.end(failure);
    }
  };
}

async function exchange(on: Exchange): Promise<void> {
  const { deps, dialect, req, client, record } = on;
  const parsed = dialect.parse(req.body, {
    defaultMaxTokens: deps.options.maxTokens,
    randomSeed: () => randomInt(SEEDS),
  });
  refuseUnknown(parsed, deps.options.isStrict);
  record.isStreamed = parsed.isStreamed;
  record.model = deps.catalog.resolve(parsed.model);
  nameIgnored(on.res, parsed);
  const ticket = deps.queue.enter(client);
  try {
    await (parsed.isStreamed ? stream(on, parsed, ticket) : collect(on, parsed, ticket));
  } finally {
    record.queueMs = ticket.waitedMs;
    ticket.leave();
  }
}

function refuseUnknown({ ignoredParams }: ParsedRequest, isStrict: boolean): void {
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

function nameIgnored(res: Response, { ignoredParams }: ParsedRequest): void {
  if (ignoredParams.length === 0) return;
  const shown = ignoredParams.slice(0, MAX_NAMED).map((name) => {
    const encoded = encodeURIComponent(name.slice(0, MAX_NAME_CHARS).toWellFormed());
    return encoded.replaceAll("%5B", "[").replaceAll("%5D", "]");
  });
  const more = ignoredParams.length - shown.length;
  if (more > 0) shown.push(`and ${more} more`);
  res.setHeader("x-ignored-params", shown.join(", "));
}

function makeEncoder(parsed: ParsedRequest, model: string | null): AnswerEncoder {
  return parsed.encoder({
    id: randomBytes(12).toString("hex"),
    model: model ?? "",
    createdAtSeconds: Math.floor(Date.now() / 1000),
  });
}

async function stream(on: Exchange, parsed: ParsedRequest, ticket: Ticket): Promise<void> {
  const { deps, res, client, record, dialect } = on;
  const { heartbeatMs, stallTimeoutMs } = deps.options;
  const sse = new SseStream({
    res,
    heartbeatMs,
    stallTimeoutMs,
    signal: client.signal,
    status: () => describeWait(ticket, deps.engine),
  });
  const encoder = makeEncoder(parsed, record.model);
  // A prompt that is refused is a plain 400; but a client must not wait for headers while a large model loads.
  const openAnyway = setTimeout(() => sse.open(), heartbeatMs);
  try {
    const prepared = await prepare(on, parsed);
    sse.open();
    let hasStarted = false;
    const events = attempts(on, prepared, ticket, () => !hasStarted);
    for await (const event of events) {
      const opening = hasStarted ? [] : encoder.start();
      hasStarted = true;
      record.queueMs = ticket.waitedMs;
      if (event.type === "text-delta") await sse.send([...opening, encoder.delta(event.text)]);
      else await sse.send([...opening, ...encoder.finish(event.reason, record.receipt)]);
    }
    sse.end();
  } catch (error) {
    if (sse.isOpen) endBroken(sse, toServiceError(error), dialect);
    throw error;
  } finally {
    clearTimeout(openAnyway);
    destroyIfStuck(res, stallTimeoutMs);
  }
}

function endBroken(sse: SseStream, error: ServiceError, dialect: Dialect): void {
  const isGone = error.code === "aborted" || error.code === "client_stalled";
  if (isGone) sse.destroy();
  else sse.end([{ data: JSON.stringify(dialect.encodeError(error)) }]);
}

async function collect(on: Exchange, parsed: ParsedRequest, ticket: Ticket): Promise<void> {
  const { deps, res, record } = on;
  const encoder = makeEncoder(parsed, record.model);
  const prepared = await prepare(on, parsed);
  let text = "";
  const restart = () => {
    text = "";
    return true;
  };
  for await (const event of attempts(on, prepared, ticket, restart)) {
    if (event.type === "text-delta") {
      text += event.text;
      continue;
    }
    record.queueMs = ticket.waitedMs;
    const { receipt } = record;
    res.setHeader("server-timing", serverTiming(receipt));
    res.json(encoder.body(text, event.reason, receipt));
  }
  destroyIfStuck(res, deps.options.stallTimeoutMs);
}

async function prepare({ deps, client, record }: Exchange, parsed: ParsedRequest) {
  const prepared = await deps.engine.prepare(parsed.request, { signal: client.signal });
  record.prepared(prepared);
  return prepared;
}

/** The engine's events. If the worker dies before anything was sent, the request runs again and nobody notices. */
async function* attempts(
  { deps, client, record }: Exchange,
  prepared: PreparedRequest,
  ticket: Ticket,
  mayRestart: () => boolean,
): AsyncGenerator<GenerateEvent, void, undefined> {
  for (let isSuspect = false; ; isSuspect = true) {
    try {
      const { signal } = client;
      for await (const event of deps.engine.generate(prepared, {
        signal,
        lease: ticket,
        isSuspect,
      })) {
        record.event(event);
        yield event;
      }
      return;
    } catch (error) {
      const isCrash = error instanceof ServiceError && error.code === "worker_crashed";
      if (!isCrash || isSuspect || !mayRestart()) throw error;
      record.restart();
    }
  }
}

function describeWait(ticket: Ticket, engine: Engine): string | null {
  const { state, loadProgress } = engine.status();
  if (state !== "ready") return `${state} progress=${loadProgress.toFixed(2)}`;
  const { place } = ticket;
  if (!place) return null;
  return `queued position=${place.position}${place.etaMs === null ? "" : ` eta_ms=${place.etaMs}`}`;
}

/** https://www.w3.org/TR/server-timing/ */
function serverTiming(receipt: RequestRecord["receipt"]): string {
  const parts = {
    queue: receipt.queueMs,
    prefill: receipt.prefillMs,
    first_token: receipt.firstTokenMs ?? 0,
    total: receipt.totalMs,
  };
  return Object.entries(parts)
    .map(([name, ms]) => `${name};dur=${ms.toFixed(1)}`)
    .join(", ");
}

/** A response that has been ended, but whose reader takes nothing, would hold its socket for ever. */
function destroyIfStuck(res: Response, stallTimeoutMs: number): void {
  if (res.writableFinished || res.destroyed) return;
  const timer = setTimeout(() => res.destroy(), stallTimeoutMs);
  timer.unref();
  res.once("close", () => clearTimeout(timer));
}
