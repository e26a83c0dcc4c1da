// One client: asks, notes what it asked for as long as it is open, and how it ended.

import { type Told, toldBy } from "../report/told.ts";
import { type Answer, type Ask, exchange } from "./exchange.ts";
import type { Random } from "./random.ts";

/** How one request ended, as its client saw it. */
export type Ending = {
  readonly id: string;
  readonly kind: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** What the server's log may have as its outcome. */
  readonly outcomes: readonly string[];
  readonly faults: readonly string[];
  /** Whether the log has a line of it. */
  readonly isLogged: boolean;
  /** Whether its client had been sent some of the answer. */
  readonly hasText?: boolean;
};

export type Verdict = Pick<Ending, "outcomes" | "faults"> &
  Partial<Pick<Ending, "isLogged" | "hasText">>;

/** A request that has not ended. */
export type Open = {
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly end: (verdict: Verdict) => void;
};

/** What all clients of a run share. */
export type Stage = {
  readonly url: string;
  readonly endings: Ending[];
  /** Ids of what is open. */
  readonly open: Set<string>;
  /** Codes that anything may be refused with. */
  readonly refusals: readonly string[];
  /** Begins the id of every request. */
  readonly runId: string;
};

type AskOptions = Partial<Omit<Ask, "url" | "path" | "body">> & {
  /** What is wrong with an answer that came to its end. */
  readonly check?: (told: Told, answer: Answer) => readonly string[];
  /** Instead of an answer that comes to its end. */
  readonly judge?: (told: Told, answer: Answer) => Verdict;
};

type LookOptions = Partial<Omit<Ask, "url" | "path">> & {
  /** Statuses that are no fault. */
  readonly allowed?: readonly number[];
};

let count = 0;

export class Player {
  readonly random: Random;
  readonly #stage: Stage;
  readonly #key: string | null;

  constructor(stage: Stage, random: Random, key: string | null) {
    this.#stage = stage;
    this.random = random;
    this.#key = key;
  }

  get url(): string {
    return this.#stage.url;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#key === null ? {} : { authorization: `Bearer ${this.#key}` };
  }

  /** Begins a request that the log will have. */
  open(kind: string): Open {
    const { endings, open, runId } = this.#stage;
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

  /** From its beginning to its end. */
  async ask(kind: string, path: string, body: object, options: AskOptions = {}): Promise<Answer> {
    const { check = () => [], judge, headers, ...rest } = options;
    const open = this.open(kind);
    const answer = await exchange({
      ...{ url: this.url, path, body, headers: { ...open.headers, ...headers } },
      ...rest,
    });
    const told = toldBy(answer);
    open.end(judge ? judge(told, answer) : this.judged(told, answer, check));
    return answer;
  }

  /** Of an answer that should have come to its end. */
  judged(told: Told, answer: Answer, check: NonNullable<AskOptions["check"]> = () => []): Verdict {
    const { outcome } = told;
    if (outcome === null || !answer.isWhole)
      return {
        outcomes: [],
        faults: [`it broke off: ${answer.status} ${answer.body.slice(0, 200)}`],
      };
    const outcomes = [outcome];
    const hasText = told.call !== "" || told.texts.some((text) => text !== "");
    if (this.#stage.refusals.includes(outcome)) return { outcomes, faults: [], hasText };
    if (FINISHED.includes(outcome)) return { outcomes, faults: check(told, answer) };
    return { outcomes, faults: [`unexpected ${outcome} (${answer.status})`] };
  }

  /** A question, or a look at something: the log has it only if it fails. */
  async look(path: string, { allowed = [200], ...ask }: LookOptions = {}): Promise<Answer> {
    const open = this.open("look");
    const headers = { ...open.headers, ...ask.headers };
    const answer = await exchange({ url: this.url, path, method: "GET", ...ask, headers });
    const { status, body } = answer;
    const outcome = status < 400 ? [] : [toldBy(answer).outcome ?? `status ${status}`];
    const isAllowed =
      allowed.includes(status) || outcome.some((each) => this.#stage.refusals.includes(each));
    const faults = isAllowed ? [] : [`${path} is answered with ${status} ${body.slice(0, 200)}`];
    open.end({ outcomes: outcome, faults, isLogged: status >= 400 });
    return answer;
  }
}

/** Ways in which an answer ends by itself. */
export const FINISHED: readonly string[] = ["stop", "length", "tool-calls", "computed"];
