// Gathers the facts of one request while it runs. They become the client's receipt, one log line, and metrics.

import type { Logger } from "pino";
import { type ServiceError, stackOf, toServiceError } from "../../errors.ts";
import {
  type CacheMiss,
  type LoggedMiss,
  type MissDiagnosis,
  placeOfChange,
} from "../../generation/cache-miss.ts";
import { type GenerateEvent, isDelta, type Receipt, type Usage } from "../../generation/events.ts";
import type { PreparedRequest } from "../../generation/request.ts";
import type { SlotUse } from "../../generation/slot-lease.ts";
import { Tally } from "../../generation/tally.ts";
import type { Metrics, RequestOutcome } from "../../metrics.ts";
import type { Admission } from "../../queue/admission.ts";

export type RecordOptions = {
  readonly requestId: string;
  readonly path: string;
  readonly metrics: Metrics;
  readonly log: Logger;
};

export class RequestRecord {
  readonly #options: RecordOptions;
  readonly #arrivedAtMs = performance.now();
  #prepared: readonly PreparedRequest[] = [];
  #choicesPerPrompt = 1;
  /** One for each choice. */
  #tallies: readonly Tally[] = [];
  #answeredAtMs: number | null = null;
  /** Why a prompt missed the cache: the first one that did. */
  #miss: CacheMiss | null = null;
  #loggedMiss: LoggedMiss | null = null;
  /** Null until the request is parsed. */
  model: string | null = null;
  /** Null until the request is in the queue. */
  admission: Pick<Admission, "waitedMs"> | null = null;
  isStreamed = false;
  /** Whether a time limit ended the answer early. */
  isCut = false;
  /** Whether it was answered without the engine. */
  isAnsweredWithoutEngine = false;

  constructor(options: RecordOptions) {
    this.#options = options;
  }

  /** @param requests one for each choice */
  prepared(requests: readonly PreparedRequest[], choicesPerPrompt: number): void {
    this.#prepared = requests;
    this.#choicesPerPrompt = choicesPerPrompt;
    this.#tallies = requests.map(({ promptTokens }) => new Tally(promptTokens.length));
  }

  /** Counts the event of one choice. */
  event(tally: Tally, event: GenerateEvent): void {
    if (isDelta(event) && tally.completionTokens > 0 && event.tokens > 0)
      this.#options.metrics.tokensArrived(event.atMs - tally.lastAtMs, event.tokens);
    tally.add(event);
  }

  /** A prompt has been read, and its cached tokens are known. */
  promptRead(tally: Tally, { told, logged }: MissDiagnosis): void {
    this.#miss ??= told;
    this.#loggedMiss ??= logged;
    this.#options.metrics.promptRead(tally, logged);
  }

  /** @throws Error if the request is not prepared yet */
  tallyOf(choice: number): Tally {
    const tally = this.#tallies[choice];
    if (!tally) throw new Error(`choice ${choice} is not prepared`);
    return tally;
  }

  /** The progress of one choice, for GET /slots. */
  stateOf(choice: number): Omit<SlotUse, "heldMs"> {
    const { promptTokens, completionTokens } = this.tallyOf(choice);
    return {
      requestId: this.#options.requestId,
      model: this.model,
      promptTokens,
      generatedTokens: completionTokens,
      maxTokens: this.#prepared[choice]?.maxTokens ?? 0,
    };
  }

  /** From the arrival to the complete answer, or until now. */
  get ageMs(): number {
    return (this.#answeredAtMs ?? performance.now()) - this.#arrivedAtMs;
  }

  /** The answer is complete. */
  answered(): void {
    this.#answeredAtMs ??= performance.now();
  }

  get hasText(): boolean {
    return this.#tallies.some(({ firstAtMs }) => firstAtMs !== null);
  }

  /** The sum over all choices so far. */
  get tokens(): { readonly promptTokens: number; readonly generatedTokens: number } {
    const { promptTokens, completionTokens } = this.#usage;
    return { promptTokens, generatedTokens: completionTokens };
  }

  /** The figures so far. */
  get receipt(): Receipt {
    const firstAtMs = this.#tallies.flatMap((tally) => tally.firstAtMs ?? []);
    return {
      queueMs: this.admission?.waitedMs ?? 0,
      prefillMs: Math.max(0, ...this.#tallies.map(({ prefillMs }) => prefillMs)),
      firstTokenMs: firstAtMs.length > 0 ? Math.min(...firstAtMs) - this.#arrivedAtMs : null,
      totalMs: this.ageMs,
      isCut: this.isCut,
      usage: this.#usage,
      seed: this.#prepared[0]?.sampling.seed ?? 0,
      cacheMiss: this.#miss,
    };
  }

  /** A prompt counts once, even with several choices. Reasoning counts when its choice has finished. */
  get #usage(): Usage {
    const prompts = this.#tallies.filter((_, index) => index % this.#choicesPerPrompt === 0);
    const finished = this.#tallies.filter(({ reason }) => reason !== null);
    return {
      promptTokens: total(prompts, "promptTokens"),
      cachedTokens: total(prompts, "cachedTokens"),
      completionTokens: total(this.#tallies, "completionTokens"),
      reasoningTokens: total(finished, "reasoningTokens"),
    };
  }

  /** Writes the log line and the metrics. Must be called exactly once. */
  end(error: unknown): void {
    const { metrics, log, requestId, path } = this.#options;
    const failure = error === null ? null : toServiceError(error);
    const otherwise = this.isAnsweredWithoutEngine ? "computed" : "internal_error";
    const outcome: RequestOutcome = failure?.code ?? this.#tallies[0]?.reason ?? otherwise;
    const { receipt } = this;
    metrics.requestEnded(outcome, this.#prepared.length > 0 ? receipt : null);
    const line = {
      requestId,
      path,
      model: this.model,
      outcome,
      streamed: this.isStreamed,
      tokensIn: receipt.usage.promptTokens,
      tokensCached: receipt.usage.cachedTokens,
      tokensOut: receipt.usage.completionTokens,
      ...(this.#loggedMiss ? missFields(this.#loggedMiss) : {}),
      queueMs: Math.round(receipt.queueMs),
      prefillMs: Math.round(receipt.prefillMs),
      ttftMs: receipt.firstTokenMs === null ? null : Math.round(receipt.firstTokenMs),
      totalMs: Math.round(receipt.totalMs),
    };
    logEnd(log, line, failure);
    this.#prepared = []; // a kept answer may keep this record, but must not keep the tokens of its prompt
  }
}

/** Never the hashes: only counts and the place of the change. */
function missFields({ reason, missedTokens, sharedTokens, change }: LoggedMiss) {
  return {
    cacheMiss: reason,
    tokensMissed: missedTokens,
    tokensShared: sharedTokens,
    ...(change ? { changedIn: placeOfChange(change) } : {}),
  };
}

type EndLine = { readonly requestId: string } & Readonly<Record<string, unknown>>;

/** Logs the end of a request in one line, and the stack of a bug in another. */
export function logEnd(log: Logger, line: EndLine, failure: ServiceError | null): void {
  if (failure?.traits.status === 500) log.error({ ...line, reason: failure.message }, "request");
  else if (failure && failure.traits.status > 500)
    log.warn({ ...line, reason: failure.message }, "request");
  else log.info(line, "request");
  if (failure?.code === "internal_error") {
    log.error({ requestId: line.requestId, stack: stackOf(failure.cause) }, "bug");
  }
}

function total(of: readonly Usage[], field: keyof Usage): number {
  return of.reduce((sum, usage) => sum + usage[field], 0);
}
