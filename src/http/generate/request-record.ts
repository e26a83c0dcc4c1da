// Gathers the facts of one request while it runs. They become the client's receipt, one log line, and metrics.

import type { Logger } from "pino";
import { type ServiceError, stackOf, toServiceError } from "../../errors.ts";
import type {
  Finish,
  GenerateEvent,
  PromptReading,
  Receipt,
  Usage,
} from "../../generation/events.ts";
import type { PreparedRequest } from "../../generation/request.ts";
import type { SlotUse } from "../../generation/slot-lease.ts";
import type { Metrics, RequestOutcome } from "../../metrics.ts";
import type { Admission } from "../../queue/admission.ts";

export type RecordOptions = {
  readonly requestId: string;
  readonly path: string;
  readonly metrics: Metrics;
  readonly log: Logger;
};

type ChoiceRecord = {
  generatedTokens: number;
  lastTokenAtMs: number;
  finish: Finish | null;
  /** Null before the first token. */
  prompt: PromptReading | null;
};

export class RequestRecord {
  readonly #options: RecordOptions;
  readonly #arrivedAtMs = performance.now();
  #prepared: readonly PreparedRequest[] = [];
  #choicesPerPrompt = 1;
  #choices: ChoiceRecord[] = [];
  #firstTokenMs: number | null = null;
  #answeredAtMs: number | null = null;
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
    this.#choices = requests.map(newChoice);
  }

  event(choice: number, event: GenerateEvent): void {
    const record = this.#choices[choice];
    if (!record || event.type === "prefill") return;
    if (event.type === "finish") {
      record.finish = event;
      return;
    }
    record.prompt ??= event.prompt ?? null;
    this.#firstTokenMs ??= event.atMs - this.#arrivedAtMs;
    if (record.generatedTokens > 0 && event.tokens > 0)
      this.#options.metrics.tokensArrived(event.atMs - record.lastTokenAtMs, event.tokens);
    record.lastTokenAtMs = event.atMs;
    record.generatedTokens += event.tokens;
  }

  /** The progress of one choice, for GET /slots. */
  stateOf(choice: number): Omit<SlotUse, "heldMs"> {
    const prepared = this.#prepared[choice];
    return {
      requestId: this.#options.requestId,
      model: this.model,
      promptTokens: prepared?.promptTokens.length ?? 0,
      generatedTokens: this.#choices[choice]?.generatedTokens ?? 0,
      maxTokens: prepared?.maxTokens ?? 0,
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
    return this.#firstTokenMs !== null;
  }

  /** The sum over all choices so far. */
  get tokens(): { readonly promptTokens: number; readonly generatedTokens: number } {
    const { promptTokens } = this.receipt.usage;
    const generated = this.#choices.map(({ generatedTokens }) => generatedTokens);
    return { promptTokens, generatedTokens: generated.reduce((sum, each) => sum + each, 0) };
  }

  /** The figures so far. A prompt counts once, even with several choices. */
  get receipt(): Receipt {
    const usages = this.#choices.map((choice, index) => usageOf(choice, this.#prepared[index]));
    const prompts = usages.filter((_, index) => index % this.#choicesPerPrompt === 0);
    const total = (of: readonly Usage[], field: keyof Usage) =>
      of.reduce((sum, usage) => sum + usage[field], 0);
    return {
      queueMs: this.admission?.waitedMs ?? 0,
      prefillMs: Math.max(
        0,
        ...this.#choices.map(({ finish, prompt }) => finish?.prefillMs || (prompt?.prefillMs ?? 0)),
      ),
      firstTokenMs: this.#firstTokenMs,
      totalMs: this.ageMs,
      isCut: this.isCut,
      usage: {
        promptTokens: total(prompts, "promptTokens"),
        cachedTokens: total(prompts, "cachedTokens"),
        completionTokens: total(usages, "completionTokens"),
        reasoningTokens: total(usages, "reasoningTokens"),
      },
      seed: this.#prepared[0]?.sampling.seed ?? 0,
    };
  }

  /** Writes the log line and the metrics. Must be called exactly once. */
  end(error: unknown): void {
    const { metrics, log, requestId, path } = this.#options;
    const failure = error === null ? null : toServiceError(error);
    const otherwise = this.isAnsweredWithoutEngine ? "computed" : "internal_error";
    const outcome: RequestOutcome = failure?.code ?? this.#choices[0]?.finish?.reason ?? otherwise;
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
      queueMs: Math.round(receipt.queueMs),
      prefillMs: Math.round(receipt.prefillMs),
      ttftMs: receipt.firstTokenMs === null ? null : Math.round(receipt.firstTokenMs),
      totalMs: Math.round(receipt.totalMs),
    };
    logEnd(log, line, failure);
  }
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

function newChoice(): ChoiceRecord {
  return { generatedTokens: 0, lastTokenAtMs: 0, finish: null, prompt: null };
}

/** A worker that continues another one's answer did not read the prompt: the first worker's cached tokens count. */
function usageOf(
  { finish, generatedTokens, prompt }: ChoiceRecord,
  prepared?: PreparedRequest,
): Usage {
  const cachedTokens = prompt?.cachedTokens ?? 0;
  if (finish) return { ...finish.usage, cachedTokens: finish.usage.cachedTokens || cachedTokens };
  return {
    promptTokens: prepared?.promptTokens.length ?? 0,
    cachedTokens,
    completionTokens: generatedTokens,
    reasoningTokens: 0,
  };
}
