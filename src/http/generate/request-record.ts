// Gathers the facts of one request while it runs. They become the client's receipt and the request's entry in the journal.

import type { ServiceError } from "../../errors.ts";
import type { CacheMiss, LoggedMiss, MissDiagnosis } from "../../generation/cache-miss.ts";
import { type GenerateEvent, isDelta, type Receipt, type Usage } from "../../generation/events.ts";
import type { PreparedRequest } from "../../generation/request.ts";
import type { SlotUse } from "../../generation/slot-lease.ts";
import { Tally } from "../../generation/tally.ts";
import { GapCounts } from "../../journal/gap-counts.ts";
import type { AnswerWork, EndedRequest } from "../../journal/journal.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { Admission } from "../../queue/admission.ts";

export type RecordOptions = {
  readonly requestId: string;
  readonly metrics: Metrics;
  /** Unix time in ms; default: now. */
  readonly arrivedAt?: number;
};

export class RequestRecord {
  readonly #options: RecordOptions;
  readonly #arrivedAtMs: number;
  #prepared: readonly PreparedRequest[] = [];
  #choicesPerPrompt = 1;
  readonly #gaps = new GapCounts();
  /** One for each choice. */
  #tallies: readonly Tally[] = [];
  #answeredAtMs: number | null = null;
  /** Why a prompt missed the cache: the first one that did. */
  #miss: CacheMiss | null = null;
  #loggedMiss: LoggedMiss | null = null;
  /** Null until the request is parsed. */
  model: string | null = null;
  /** The first name of that model; null until the request is parsed. */
  servedModel: string | null = null;
  /** Null until the request is in the queue. */
  admission: Pick<Admission, "waitedMs"> | null = null;
  isStreamed = false;
  /** Whether a time limit ended the answer early. */
  isCut = false;
  /** Whether it was answered without the engine. */
  isAnsweredWithoutEngine = false;

  constructor(options: RecordOptions) {
    this.#options = options;
    const { arrivedAt = Date.now() } = options;
    this.#arrivedAtMs = performance.now() - Math.max(0, Date.now() - arrivedAt);
  }

  /** @param requests one for each choice */
  prepared(requests: readonly PreparedRequest[], choicesPerPrompt: number): void {
    this.#prepared = requests;
    this.#choicesPerPrompt = choicesPerPrompt;
    this.#tallies = requests.map(({ promptTokens }) => new Tally(promptTokens.length));
  }

  /** Counts the event of one choice. */
  event(tally: Tally, event: GenerateEvent): void {
    if (isDelta(event) && tally.completionTokens > 0 && event.tokens > 0) {
      const gapMs = (event.atMs - tally.lastAtMs) / event.tokens;
      this.#gaps.add(gapMs, event.tokens);
      this.#options.metrics.tokensArrived(this.servedModel, gapMs);
    }
    tally.add(event);
  }

  /** A prompt has been read, and its cached tokens are known. */
  promptRead(tally: Tally, { told, logged }: MissDiagnosis): void {
    this.#miss ??= told;
    this.#loggedMiss ??= logged;
    this.#options.metrics.promptRead(tally, { servedModel: this.servedModel, miss: logged });
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

  /** What the request has done. Must be called once, at its end. @param failure null for a complete answer */
  end(failure: ServiceError | null): Pick<EndedRequest, "work" | "outcome"> {
    const work: AnswerWork = {
      type: "answer",
      model: this.model,
      servedModel: this.servedModel,
      isStreamed: this.isStreamed,
      isPrepared: this.#prepared.length > 0,
      receipt: this.receipt,
      interTokenMs: this.#interTokenMs,
      gaps: this.#gaps.packed,
      miss: this.#loggedMiss,
    };
    this.#prepared = []; // a kept answer may keep this record, but must not keep the tokens of its prompt
    const otherwise = this.isAnsweredWithoutEngine ? "computed" : "internal_error";
    return { work, outcome: failure?.code ?? this.#tallies[0]?.reason ?? otherwise };
  }

  get #interTokenMs(): number | null {
    const gaps = this.#tallies.reduce(
      (sum, each) => sum + Math.max(0, each.completionTokens - 1),
      0,
    );
    const ms = this.#tallies.reduce(
      (sum, { firstAtMs, lastAtMs }) => sum + lastAtMs - (firstAtMs ?? lastAtMs),
      0,
    );
    return gaps > 0 ? ms / gaps : null;
  }
}

function total(of: readonly Usage[], field: keyof Usage): number {
  return of.reduce((sum, usage) => sum + usage[field], 0);
}
