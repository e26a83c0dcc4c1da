// One request on its way through the handler, and the steps that streamed and buffered answers share.

import { randomUUID } from "node:crypto";
import type { Request, Response } from "express";
import type { Logger } from "pino";
import type { AnswerEncoder, Dialect, ParsedRequest } from "../api/dialect.ts";
import type { EmbeddingEngine } from "../engine/embedding-engine.ts";
import type { Engine } from "../engine/engine.ts";
import { ServiceError } from "../errors.ts";
import type { GenerateEvent } from "../generation/events.ts";
import type { PreparedRequest } from "../generation/request.ts";
import type { Metrics } from "../metrics.ts";
import type { Catalog } from "../models/catalog.ts";
import type { RequestQueue } from "../queue/request-queue.ts";
import type { Ticket } from "../queue/ticket.ts";
import type { ClientWatch } from "./disconnect.ts";
import type { RequestRecord } from "./request-record.ts";

/** A model that makes vectors or ranks: its worker, the line before it, and its names. */
export type EmbeddingService = {
  readonly engine: EmbeddingEngine;
  /** One at a time. */
  readonly queue: RequestQueue;
  readonly catalog: Catalog;
};

export type HandlerDeps = {
  readonly engine: Engine;
  readonly queue: RequestQueue;
  readonly catalog: Catalog;
  /** Both may be the same. */
  readonly embeddings: EmbeddingService;
  readonly reranking: EmbeddingService;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly startedAtSeconds: number;
  /** Limits and habits; times in ms. */
  readonly options: {
    readonly maxTokens: number | null;
    readonly isStrict: boolean;
    readonly allowGrammar: boolean;
    readonly heartbeatMs: number;
    readonly stallTimeoutMs: number;
    readonly requestTimeoutMs: number;
  };
};

/** A request that has come in. */
export type Arrival = {
  readonly deps: HandlerDeps;
  readonly dialect: Dialect;
  readonly req: Request;
  readonly res: Response;
  readonly client: ClientWatch;
  readonly record: RequestRecord;
};

/** One that was understood, and is in the queue. */
export type Exchange = Arrival & {
  readonly parsed: ParsedRequest;
  readonly ticket: Ticket;
};

export function makeEncoder({ parsed, record }: Exchange): AnswerEncoder {
  return parsed.encoder({
    id: randomUUID().replaceAll("-", ""),
    model: record.model ?? "",
    createdAtSeconds: Math.floor(Date.now() / 1000),
  });
}

/** @throws ServiceError 4xx for a prompt that cannot be served */
export async function prepare({
  deps,
  client,
  record,
  parsed,
}: Exchange): Promise<PreparedRequest> {
  const prepared = await deps.engine.prepare(parsed.request, { signal: client.signal });
  record.prepared(prepared);
  return prepared;
}

/** The engine's events. If the worker dies before anything was sent, the request runs again and nobody notices. */
export async function* attempts(
  { deps, client, record, ticket }: Exchange,
  prepared: PreparedRequest,
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

/** A response that has been ended, but whose reader takes nothing, would hold its socket for ever. */
export function destroyIfStuck(res: Response, stallTimeoutMs: number): void {
  if (res.writableFinished || res.destroyed) return;
  const timer = setTimeout(() => res.destroy(), stallTimeoutMs);
  timer.unref();
  res.once("close", () => clearTimeout(timer));
}
