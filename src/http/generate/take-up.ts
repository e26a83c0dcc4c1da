// Takes up resumable streams whose gateway is gone: finds the stream on its node, makes the same frames from the same events, and
// writes them to a log with the same id and token, from which clients continue after the last event that they received.

import type { Logger } from "pino";
import { NO_MISS } from "../../cache-misses/diagnose.ts";
import { ServiceError, toServiceError } from "../../errors.ts";
import type { FoundStream, StreamFinder } from "../../generation/kept-stream.ts";
import type { WaitingStatus } from "../../generation/wait-status.ts";
import type { Journal } from "../../journal/journal.ts";
import { ANONYMOUS, type Caller } from "../../keys/caller.ts";
import type { UsageBook } from "../../keys/usage/usage-book.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { ModelList } from "../../models/model-list.ts";
import type { GeneratingModel } from "../../models/names/offered-model.ts";
import type { Admission } from "../../queue/admission.ts";
import type { Admissions } from "../../queue/admissions.ts";
import type { TokenBudgets } from "../../queue/token-budgets.ts";
import {
  type Claim,
  isEntitled,
  type KeptAnswer,
  type KeptAnswers,
} from "../../resume/kept-answers.ts";
import { type RequestEnds, requestEnds } from "../stream/disconnect.ts";
import { deliver } from "./deliver.ts";
import type { AcceptedAnswer } from "./exchange.ts";
import { RequestRecord } from "./request-record.ts";
import { logSink } from "./sinks.ts";
import { type StoreDeps, storeAnswer } from "./store-answer.ts";
import {
  type OriginalRequest,
  originalRequest,
  readOrigin,
  type StreamOrigin,
} from "./stream-origin.ts";
import { keepLimits, type TimeLimits } from "./time-limits.ts";

export type TakeUpDeps = TimeLimits &
  StoreDeps & {
    /** Null without a cluster. */
    readonly streamFinder: StreamFinder | null;
    readonly streams: KeptAnswers;
    readonly models: Pick<ModelList, "resolve">;
    readonly queue: Admissions;
    readonly tokenBudgets: Pick<TokenBudgets, "spend">;
    readonly usage: Pick<UsageBook, "add">;
    readonly metrics: Metrics;
    readonly journal: Pick<Journal, "ended">;
    readonly log: Logger;
  };

/** A stream with all that its answer needs here. */
type Continued = OriginalRequest & {
  readonly found: FoundStream;
  readonly origin: StreamOrigin;
  readonly caller: Caller;
  readonly model: GeneratingModel;
  readonly ends: RequestEnds;
  readonly record: RequestRecord;
  readonly admission: Admission;
  readonly waitStatus: () => WaitingStatus | null;
};

/** Ids as sinks.ts makes them: others are not worth a search. */
const STREAM_ID = /^stream_[0-9a-f]{24}$/;
/** A deadline that passed meanwhile ends the answer only after the text that its client has already. */
const REPLAY_MS = 1_000;
/** Limit of searches at a time: anybody may send ids. */
const MAX_SEARCHES = 1_000;

export class StreamTakeUp {
  readonly #deps: TakeUpDeps;
  /** By stream id. */
  readonly #searches = new Map<string, Promise<FoundStream | null>>();

  constructor(deps: TakeUpDeps) {
    this.#deps = deps;
  }

  /**
   * Several requests for the same stream take it up once. Waits as long as the finder, at most a few seconds.
   * @returns null if no node has the stream, or the claim does not give access to it
   * @throws ServiceError `engine_unavailable` without a connection to the nodes; `draining`; `queue_full` for too many searches
   */
  async find(id: string, claim: Claim): Promise<KeptAnswer | null> {
    const { streamFinder, streams, queue } = this.#deps;
    if (!streamFinder || !STREAM_ID.test(id) || streams.knows(id)) return null;
    if (queue.isDraining) throw new ServiceError("draining", "the server is shutting down");
    const found = await this.#search(id, streamFinder);
    if (streams.knows(id)) return streams.find(id, claim); // taken up by another request meanwhile
    const origin = found && readOrigin(found.origin);
    if (!origin || !isEntitled(claim, { owner: ownerOf(origin), token: origin.token })) return null;
    const original = parsedAgain(origin, found);
    return original && this.#begin(id, { ...original, found, origin });
  }

  #search(id: string, finder: StreamFinder): Promise<FoundStream | null> {
    const running = this.#searches.get(id);
    if (running) return running;
    if (this.#searches.size >= MAX_SEARCHES)
      throw new ServiceError("queue_full", "too many streams are being searched for", {
        retryAfterSeconds: 1,
      });
    const { signal } = new AbortController(); // others may wait for the same search: only the finder ends it
    const search = finder.find(id, signal).finally(() => this.#searches.delete(id));
    this.#searches.set(id, search);
    return search;
  }

  #begin(id: string, stream: OriginalRequest & Pick<Continued, "found" | "origin">): KeptAnswer {
    const { models, streams, log, metrics } = this.#deps;
    const { found, origin } = stream;
    const { requestId, arrivedAt, token, isBare, identity } = origin;
    const { model } = models.resolve(found.model);
    const record = new RequestRecord({ requestId, metrics, arrivedAt });
    record.model = identity.model;
    record.servedModel = model.servedModel;
    record.isStreamed = true;
    record.prepared([found.request], 1);
    const caller = origin.caller ?? ANONYMOUS;
    const ends = requestEnds();
    const admission = this.#enter({ ...stream, caller, model, ends, record });
    record.admission = admission;
    const waitStatus = () => model.waitStatus(admission) ?? admission.place;
    const kept = streams.begin({
      id,
      token,
      owner: caller.owner,
      isBare,
      isReplay: true,
      waitStatus,
      abort: ends.abort,
    });
    streams.attach(kept)(); // the time without a reader begins
    log.info({ requestId }, "continues a stream of another gateway");
    void this.#deliver(kept, { ...stream, caller, model, ends, record, admission, waitStatus });
    return kept;
  }

  /** It was admitted already, and its slot is none of those that the queue gives out. */
  #enter({
    origin,
    parsed,
    caller,
    model,
    ends,
    record,
  }: Omit<Continued, "admission" | "waitStatus">): Admission {
    const { signal, abort } = ends;
    const { requestId, path } = origin;
    const modelWait = () => model.waitStatus(admission);
    const admission: Admission = this.#deps.queue.enter({
      signal,
      abort,
      caller,
      lane: model.lane.name,
      isFlex: parsed.isFlex,
      choices: 1,
      isAdmitted: true,
      listing: { requestId, path, record, modelWait },
    });
    return admission;
  }

  /** Never throws: the readers are told of a failure, and the journal. */
  async #deliver(kept: KeptAnswer, stream: Continued): Promise<void> {
    const { dialect, origin, ends, admission } = stream;
    const { requestId, deadlineMs } = origin;
    const limits = { ...this.#deps, deadlineMs, graceMs: REPLAY_MS };
    const clearLimits = keepLimits({ ...stream, client: ends }, limits);
    const { signal } = ends;
    const sink = logSink(kept, { ...this.#deps, signal, mayContinue: () => true });
    let failure: ServiceError | null = null;
    try {
      await deliver({
        dialect,
        requestId,
        sink,
        accept: async () => acceptedAgain(stream, this.#deps),
      });
    } catch (thrown) {
      failure = toServiceError(thrown);
    } finally {
      clearLimits();
      this.#charge(stream);
      admission.leave();
      this.#recordEnd(stream, failure);
    }
  }

  /** All at once: the gateway that is gone has charged nothing here, and the queue counts only what has one of its slots. */
  #charge({ caller, parsed, record, admission }: Continued): void {
    const { tokenBudgets, queue, usage } = this.#deps;
    const used = record.receipt.usage;
    const tokens = used.promptTokens - used.cachedTokens + used.completionTokens;
    tokenBudgets.spend(caller, tokens);
    const { isFlex } = parsed;
    queue.charge({ owner: caller.owner, isFlex, arrivedAtMs: admission.enteredAtMs }, tokens);
    usage.add(caller, used);
  }

  #recordEnd({ origin, record }: Continued, failure: ServiceError | null): void {
    const { requestId, path, caller, client } = origin;
    this.#deps.journal.ended({
      requestId,
      path,
      key: caller?.name ?? null,
      client,
      status: 200,
      failure,
      trace: null,
      ...record.end(failure),
    });
  }
}

function ownerOf({ caller }: StreamOrigin): string {
  return (caller ?? ANONYMOUS).owner;
}

/** Null if this server cannot make the same frames. */
function parsedAgain(origin: StreamOrigin, { request }: FoundStream): OriginalRequest | null {
  try {
    return originalRequest(origin, request.sampling.seed);
  } catch (error) {
    if (error instanceof ServiceError) return null; // it needs what only the other gateway had
    throw error;
  }
}

function acceptedAgain(stream: Continued, deps: StoreDeps): AcceptedAnswer {
  const { dialect, origin, parsed, found, ends, record, admission } = stream;
  const { requestId } = origin;
  const { signal, deadline } = ends;
  return {
    dialect,
    requestId,
    client: ends,
    record,
    flush: parsed.flush,
    prepared: [found.request],
    ...writingAgain(stream, deps),
    events: () => found.continue({ signal, deadline, lease: admission.ticketOf(0) }),
    charge: () => {}, // at the end
    promptRead: () => NO_MISS,
  };
}

/** If the store of this server is full, the answer still says that it is stored, because its first frames did. */
function writingAgain(
  { origin, parsed, caller, admission, ends, waitStatus }: Continued,
  deps: StoreDeps,
): Pick<AcceptedAnswer, "encoder" | "stored"> {
  const { identity, isStored } = origin;
  const { storing } = parsed;
  if (!storing) return { encoder: parsed.encoder(identity), stored: null };
  const encoder = storing.encoder(identity);
  if (!isStored) encoder.forget();
  const request = { owner: caller.owner, encoder, previousId: null, admission, waitStatus };
  const stored = isStored ? storeAnswer({ ...request, abort: ends.abort }, deps) : null;
  return { encoder, stored };
}
