// One client: sends requests, records which are open, and how they ended.

import { type AnswerSummary, summarizeAnswer } from "../report/answer-summary.ts";
import { type Answer, type ExchangeRequest, exchange } from "./exchange.ts";
import type { Random } from "./random.ts";

/** How one request ended for its client. */
export type Ending = {
  readonly id: string;
  readonly kind: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Outcomes that the server's log may have. */
  readonly outcomes: readonly string[];
  readonly faults: readonly string[];
  /** Whether the log has a line for the request. */
  readonly isLogged: boolean;
  /** Whether the client received part of the answer. */
  readonly hasText?: boolean;
};

export type Verdict = Pick<Ending, "outcomes" | "faults"> &
  Partial<Pick<Ending, "isLogged" | "hasText">>;

/** A request that has not ended yet. */
export type OpenRequest = {
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly end: (verdict: Verdict) => void;
};

/** State shared by all clients of a run. */
export type SharedState = {
  readonly url: string;
  readonly endings: Ending[];
  /** Ids of open requests. */
  readonly open: Set<string>;
  /** Error codes that are allowed for any request. */
  readonly refusals: readonly string[];
  /** Prefix of all request ids. */
  readonly runId: string;
};

type AskOptions = Partial<Omit<ExchangeRequest, "url" | "path" | "body">> & {
  /** Returns what is wrong with a complete answer. */
  readonly check?: (summary: AnswerSummary, answer: Answer) => readonly string[];
  /** Replaces the usual verdict, for answers that need not be complete. */
  readonly judge?: (summary: AnswerSummary, answer: Answer) => Verdict;
};

type LookOptions = Partial<Omit<ExchangeRequest, "url" | "path">> & {
  /** Allowed statuses. */
  readonly allowed?: readonly number[];
};

let count = 0;

export class SoakClient {
  readonly random: Random;
  readonly #shared: SharedState;
  readonly #key: string | null;

  constructor(shared: SharedState, random: Random, key: string | null) {
    this.#shared = shared;
    this.random = random;
    this.#key = key;
  }

  get url(): string {
    return this.#shared.url;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#key === null ? {} : { authorization: `Bearer ${this.#key}` };
  }

  /** Opens a request that will appear in the log. */
  open(kind: string): OpenRequest {
    const { endings, open, runId } = this.#shared;
    count += 1;
    const id = `${runId}-${kind}-${count}`;
    const startedAtMs = performance.now();
    open.add(id);
    const end = (verdict: Verdict) => {
      open.delete(id);
      const endedAtMs = performance.now();
      endings.push({ id, kind, startedAtMs, endedAtMs, isLogged: true, ...verdict });
    };
    return { id, headers: { ...this.headers, "x-request-id": id }, end };
  }

  /** Sends a request and waits for its end. */
  async ask(kind: string, path: string, body: object, options: AskOptions = {}): Promise<Answer> {
    const { check = () => [], judge, headers, ...rest } = options;
    const open = this.open(kind);
    const answer = await exchange({
      url: this.url,
      path,
      body,
      headers: { ...open.headers, ...headers },
      ...rest,
    });
    const summary = summarizeAnswer(answer);
    open.end(judge ? judge(summary, answer) : this.judgeComplete(summary, answer, check));
    return answer;
  }

  /** Judges an answer that should be complete. */
  judgeComplete(
    summary: AnswerSummary,
    answer: Answer,
    check: NonNullable<AskOptions["check"]> = () => [],
  ): Verdict {
    const { outcome } = summary;
    if (outcome === null || !answer.isComplete)
      return {
        outcomes: [],
        faults: [`it broke off: ${answer.status} ${answer.body.slice(0, 200)}`],
      };
    const outcomes = [outcome];
    const hasText = summary.call !== "" || summary.texts.some((text) => text !== "");
    if (this.#shared.refusals.includes(outcome)) return { outcomes, faults: [], hasText };
    if (FINISHED.includes(outcome)) return { outcomes, faults: check(summary, answer) };
    return { outcomes, faults: [`unexpected ${outcome} (${answer.status})`] };
  }

  /** Sends a request that only appears in the log if it fails. */
  async look(path: string, { allowed = [200], ...ask }: LookOptions = {}): Promise<Answer> {
    const open = this.open("look");
    const headers = { ...open.headers, ...ask.headers };
    const answer = await exchange({ url: this.url, path, method: "GET", ...ask, headers });
    const { status, body } = answer;
    const outcome = status < 400 ? [] : [summarizeAnswer(answer).outcome ?? `status ${status}`];
    const isAllowed =
      allowed.includes(status) || outcome.some((each) => this.#shared.refusals.includes(each));
    const faults = isAllowed ? [] : [`${path} answered ${status} ${body.slice(0, 200)}`];
    open.end({ outcomes: outcome, faults, isLogged: status >= 400 });
    return answer;
  }
}

/** Outcomes of answers that end by themselves. */
export const FINISHED: readonly string[] = ["stop", "length", "tool-calls", "computed"];
