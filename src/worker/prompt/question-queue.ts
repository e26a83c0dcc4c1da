// The queue of questions that need no slot. Computing an answer blocks all streams, so each lane (short or long questions)
// computes one answer at a time, in slices, and pauses after each for three times as long as it took. This leaves at least
// half of the time to the streams. Short questions do not wait for the pause of long ones.

import type { ToWorker } from "../../engine/messages.ts";
import { ServiceError } from "../../errors.ts";
import { sizeOf } from "./question-size.ts";
import { SlicedTurn, type Turn } from "./turn.ts";

export type QuestionMessage = Extract<ToWorker, { readonly type: "ask" }>;

/** The turn of an answer, which it reports its cost from. */
export type QuestionTurn = Turn & Pick<SlicedTurn, "computedMs">;

export type QuestionQueueOptions = {
  /** Answers one question, also with a refusal, and never rejects. Blocks the process except in its turn's pauses. */
  readonly answer: (message: QuestionMessage, turn: QuestionTurn) => Promise<void>;
  /** Called before each slice with the id of its question, and with null when a slice ends in a pause. */
  readonly onComputing: (id: string | null) => void;
  /** Whether no stream is on a slot, so that no pause is needed. */
  readonly isIdle: () => boolean;
};

/** An answer that has been started. */
type Started = { readonly id: string; readonly turn: SlicedTurn };

/** Short or long questions, and the end of their pause. */
type Lane = {
  readonly waiting: QuestionMessage[];
  started: Started | null;
  /** Continues the started answer, which pauses; null if it does not. */
  resume: (() => void) | null;
  pausedUntilMs: number;
};

/** Length of the pause after a slice, in multiples of the time that the slice took. */
const PAUSE_FACTOR = 3;
/** Questions up to this size take a few milliseconds. */
const SHORT_CHARS = 8_000;

export class QuestionQueue {
  readonly #options: QuestionQueueOptions;
  readonly #short: Lane = { waiting: [], started: null, resume: null, pausedUntilMs: 0 };
  readonly #long: Lane = { waiting: [], started: null, resume: null, pausedUntilMs: 0 };
  readonly #lanes = [this.#short, this.#long];
  #stopTimer: (() => void) | null = null;

  constructor(options: QuestionQueueOptions) {
    this.#options = options;
  }

  add(message: QuestionMessage): void {
    const lane = sizeOf(message.question) > SHORT_CHARS ? this.#long : this.#short;
    lane.waiting.push(message);
    this.#schedule();
  }

  /** Removes a waiting question, or aborts its answer if that has been started. @returns whether it was waiting */
  drop(id: string): boolean {
    return this.#lanes.some(({ waiting, started }) => {
      if (started?.id === id) started.turn.abort(dropped());
      const index = waiting.findIndex((message) => message.id === id);
      if (index >= 0) waiting.splice(index, 1);
      return index >= 0;
    });
  }

  /** Call it when the last stream has left its slot. */
  wake(): void {
    if (this.#options.isIdle()) this.#schedule();
  }

  #schedule(): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
    const open = this.#lanes.filter(canCompute);
    if (open.length === 0) return;
    const wakeAtMs = Math.min(...open.map(({ pausedUntilMs }) => pausedUntilMs));
    const pauseMs = this.#options.isIdle() ? 0 : wakeAtMs - performance.now();
    // Between two slices the process must read its messages and hand the next decode to its thread.
    if (pauseMs <= 0) {
      const immediate = setImmediate(() => this.#next());
      this.#stopTimer = () => clearImmediate(immediate);
      return;
    }
    const timer = setTimeout(() => this.#next(), pauseMs);
    this.#stopTimer = () => clearTimeout(timer);
  }

  #next(): void {
    this.#stopTimer = null;
    const nowMs = performance.now();
    const isIdle = this.#options.isIdle();
    const isReady = (lane: Lane) => canCompute(lane) && (isIdle || lane.pausedUntilMs <= nowMs);
    // The lane whose pause ended first goes first, so that neither lane blocks the other.
    const [lane] = this.#lanes.filter(isReady).sort((a, b) => a.pausedUntilMs - b.pausedUntilMs);
    if (lane) this.#compute(lane);
    else this.#schedule();
  }

  /** Computes a slice. What follows it calls `#schedule()`. */
  #compute(lane: Lane): void {
    const { resume, started } = lane;
    if (resume && started) {
      lane.resume = null;
      this.#options.onComputing(started.id);
      return resume();
    }
    const message = lane.waiting.shift();
    if (message) void this.#start(lane, message);
  }

  async #start(lane: Lane, message: QuestionMessage): Promise<void> {
    const turn = new SlicedTurn((computedMs, until) => this.#rest(lane, computedMs, until));
    lane.started = { id: message.id, turn };
    this.#options.onComputing(message.id);
    await this.#options.answer(message, turn);
    lane.started = null;
    pauseAfter(lane, turn.sliceMs);
    this.#schedule();
  }

  /** Lets others compute until the pause is over, or until other work is done, whose time is not the lane's. */
  async #rest(lane: Lane, computedMs: number, until: Promise<unknown> | null): Promise<void> {
    this.#options.onComputing(null);
    pauseAfter(lane, computedMs);
    if (until) this.#schedule();
    await until;
    await new Promise<void>((resolve) => {
      lane.resume = resolve;
      this.#schedule();
    });
  }
}

function canCompute({ waiting, started, resume }: Lane): boolean {
  return started ? resume !== null : waiting.length > 0;
}

function pauseAfter(lane: Lane, computedMs: number): void {
  lane.pausedUntilMs = performance.now() + PAUSE_FACTOR * computedMs;
}

function dropped(): ServiceError {
  return new ServiceError("aborted", "the client cancelled the question");
}
