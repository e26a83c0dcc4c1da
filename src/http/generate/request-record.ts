// What one request went through, gathered on its way: becomes the client's receipt, one log line, and observations.

import type { Logger } from "pino";
import type { SlotUse } from "../../api/llama-cpp/state.ts";
import { type ServiceError, stackOf, toServiceError } from "../../errors.ts";
import type {
  Finish,
  GenerateEvent,
  PromptReading,
  Receipt,
  Usage,
} from "../../generation/events.ts";
import type { PreparedRequest } from "../../generation/request.ts";
import type { Metrics, Outcome } from "../../metrics.ts";

export type RecordOptions = {
  readonly requestId: string;
  readonly path: string;
  readonly metrics: Metrics;
  readonly log: Logger;
};

/** What one choice went through. */
type ChoiceRecord = {
  generatedTokens: number;
  lastTokenAtMs: number;
  finish: Finish | null;
  /** Null before its first token. */
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
  /** The model's id once it is known. */
  model: string | null = null;
  /** Waiting for slots, in ms. */
  queueMs = 0;
  isStreamed = false;
  /** Whether the answer ends where it is, because its time is over. */
  isCut = false;
  /** Whether it asks for no answer. */
  hasNothingToDo = false;

  constructor(options: RecordOptions) {
    this.#options = options;
  }

  /** One for each choice. */
  prepared(requests: readonly PreparedRequest[], choicesPerPrompt: number): void {
    this.#prepared = requests;
    this.#choicesPerPrompt = choicesPerPrompt;
    this.#choices = requests.map(newChoice);
  }

  event(choice: number, event: GenerateEvent): void {
    const record = this.#choices[choice];
    if (!record || event.type === "prompt-progress") return;
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

  /** How far one choice has come: for those who look at the slots. */
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

  /** From its arrival until it was answered, in ms; or until now. */
  get ageMs(): number {
    return (this.#answeredAtMs ?? performance.now()) - this.#arrivedAtMs;
  }

  /** Its answer is whole. */
  answered(): void {
    this.#answeredAtMs ??= performance.now();
  }

  get hasText(): boolean {
    return this.#firstTokenMs !== null;
  }

  /** How far all choices have come together. */
  get tokens(): { readonly promptTokens: number; readonly generatedTokens: number } {
    const { promptTokens } = this.receipt.usage;
    const generated = this.#choices.map(({ generatedTokens }) => generatedTokens);
    return { promptTokens, generatedTokens: generated.reduce((sum, each) => sum + each, 0) };
  }

  /** As far as it has come. A prompt counts once, however many choices it has. */
  get receipt(): Receipt {
    const usages = this.#choices.map((choice, index) => usageOf(choice, this.#prepared[index]));
    const prompts = usages.filter((_, index) => index % this.#choicesPerPrompt === 0);
    const total = (of: readonly Usage[], field: keyof Usage) =>
      of.reduce((sum, usage) => sum + usage[field], 0);
    return {
      queueMs: this.queueMs,
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

  /** One log line and the metrics. To be called exactly once. */
  end(error: unknown): void {
    const { metrics, log, requestId, path } = this.#options;
    const failure = error === null ? null : toServiceError(error);
    const unasked = this.hasNothingToDo ? "computed" : "internal_error";
    const outcome: Outcome = failure?.code ?? this.#choices[0]?.finish?.reason ?? unasked;
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

/** The one line of a request that has ended. A bug also leaves its stack. */
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

/** A worker that went on from the answer of another one did not see its prompt being read. */
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
