// One request on its way through the handler, and the steps that streamed and buffered answers share.

import { randomInt } from "node:crypto";
import type { Request, Response } from "express";
import type { Logger } from "pino";
import type { Dialect, ParseContext, ParsedRequest } from "../../api/dialect.ts";
import type { SchemaCompiler } from "../../compile/schema-compiler.ts";
import type { EmbeddingEngine } from "../../engine/embedding-engine.ts";
import type { Engine } from "../../engine/engine.ts";
import { toServiceError } from "../../errors.ts";
import type { GenerateEvent } from "../../generation/events.ts";
import { type PreparedRequest, SEEDS } from "../../generation/request.ts";
import type { KeyRing } from "../../keys/key-ring.ts";
import type { UsageBook } from "../../keys/usage-book.ts";
import type { Metrics } from "../../metrics.ts";
import type { Catalog } from "../../models/catalog.ts";
import type { RequestQueue } from "../../queue/request-queue.ts";
import type { QueuePosition, Ticket } from "../../queue/ticket.ts";
import type { TokenBudgets } from "../../queue/token-budgets.ts";
import type { ResponseStore } from "../../resume/response-store.ts";
import type { StreamStore } from "../../resume/stream-store.ts";
import { ownerOf } from "../server/middleware.ts";
import type { ClientWatch } from "../stream/disconnect.ts";
import type { SocketWatch } from "../stream/send-queue-watch.ts";
import type { RequestRecord } from "./request-record.ts";
import type { RunningRequests } from "./running-requests.ts";
import type { SlotBoard } from "./slot-board.ts";

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
  /** For what is answered without a slot, see ask-in-turn.ts. */
  readonly questions: RequestQueue;
  readonly schemas: Pick<SchemaCompiler, "compile">;
  readonly slots: SlotBoard;
  /** All that are inside. */
  readonly requests: RunningRequests;
  /** Answers that are kept for clients that come back. */
  readonly responses: ResponseStore;
  readonly keys: KeyRing;
  /** What each key has used. */
  readonly usage: UsageBook;
  /** What each key may use of its tokens per minute. */
  readonly tokenBudgets: TokenBudgets;
  /** Streams that survive their connections. */
  readonly streams: StreamStore;
  /** Of clients that vanish. */
  readonly sockets: SocketWatch;
  readonly catalog: Catalog;
  /** Both may be the same. */
  readonly embeddings: EmbeddingService;
  readonly reranking: EmbeddingService;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly startedAtSeconds: number;
  /** Name and version of this server. */
  readonly build: string;
  /** Name of the GGUF file, without its folder. */
  readonly modelFile: string;
  /** Limits and habits; times in ms. */
  readonly options: {
    readonly maxTokens: number | null;
    readonly isStrict: boolean;
    readonly allowGrammar: boolean;
    /** Whether all API keys use one prefix cache. */
    readonly sharedCache: boolean;
    /** Whether streams survive their connections that say nothing of it. */
    readonly resumable: boolean;
    readonly heartbeatMs: number;
    readonly stallTimeoutMs: number;
    readonly requestTimeoutMs: number;
    /** Undefined for no limit. */
    readonly firstTokenTimeoutMs: number | undefined;
    readonly bufferedQueueTimeoutMs: number;
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

/** One that was understood, and is in the queue with each of its choices. */
export type Exchange = Arrival & {
  readonly parsed: ParsedRequest;
  readonly tickets: readonly Ticket[];
};

/** @param owner of the kept answers that the request may go on from; null where it may not */
export function parseContext(
  { engine, options, responses }: HandlerDeps,
  owner: string | null = null,
): ParseContext {
  return {
    defaultMaxTokens: options.maxTokens,
    allowsGrammar: options.allowGrammar,
    randomSeed: () => randomInt(SEEDS),
    contextTokens: engine.status().model?.contextTokens ?? null,
    ...(responses.isOpen && owner !== null
      ? { conversation: (id) => responses.conversation(id, owner) }
      : {}),
  };
}

/** The engine's events of one choice, each noted in the request's record. */
export async function* eventsOf(
  { deps, res, client, record, tickets }: Exchange,
  prepared: PreparedRequest,
  choice: number,
): AsyncGenerator<GenerateEvent, void, undefined> {
  const ticket = tickets[choice];
  if (!ticket) throw new Error(`choice ${choice} has no ticket`);
  ticket.expect({ promptTokens: prepared.promptTokens.length, maxTokens: prepared.maxTokens });
  const use = () => record.stateOf(choice);
  const lease = deps.slots.watch(ticket, { owner: ownerOf(res), use });
  const { signal, deadline } = client;
  const cacheScope = deps.options.sharedCache ? "" : ownerOf(res);
  const options = { signal, deadline, lease, cacheScope };
  for await (const event of deps.engine.generate(prepared, options)) {
    record.event(choice, event);
    ticket.charge(event);
    yield event;
  }
}

/**
 * Works on all choices at once. The failure of one ends the others.
 * @throws what the first one failed with
 */
export async function forEachChoice(
  { client }: Exchange,
  prepared: readonly PreparedRequest[],
  work: (prepared: PreparedRequest, choice: number) => Promise<void>,
): Promise<void> {
  let first: { readonly error: unknown } | null = null;
  const guarded = async (each: PreparedRequest, choice: number) => {
    try {
      await work(each, choice);
    } catch (error) {
      first ??= { error };
      if (prepared.length > 1) client.abort(toServiceError(error));
    }
  };
  await Promise.all(prepared.map(guarded));
  const failed = first as { readonly error: unknown } | null; // assigned in a callback, which the compiler cannot see
  if (failed) throw failed.error;
}

/** What a client that waits is told; null once one of the choices has a slot. */
export function describeWait({ deps, tickets }: Exchange): string | null {
  const { state, loadProgress } = deps.engine.status();
  if (state !== "ready") return `${state} progress=${loadProgress.toFixed(2)}`;
  const place = placeOf(tickets);
  if (!place) return null;
  return `queued position=${place.position}${place.etaMs === null ? "" : ` eta_ms=${place.etaMs}`}`;
}

/** Where a request waits; null once one of its choices has a slot, and before they want one. */
export function placeOf(tickets: readonly Ticket[]): QueuePosition | null {
  const places = tickets.map(({ queuePosition }) => queuePosition);
  return places.includes(null) ? null : (places[0] ?? null);
}

/** The longest that one of the choices waited for slots, in ms. */
export function waitedMs({ tickets }: Pick<Exchange, "tickets">): number {
  return Math.max(...tickets.map((ticket) => ticket.waitedMs));
}

/** A response that has been ended, but whose reader takes nothing, would hold its socket for ever. */
export function destroyIfStuck(res: Response, stallTimeoutMs: number): void {
  if (res.writableFinished || res.destroyed) return;
  const timer = setTimeout(() => res.destroy(), stallTimeoutMs);
  timer.unref();
  res.once("close", () => clearTimeout(timer));
}
