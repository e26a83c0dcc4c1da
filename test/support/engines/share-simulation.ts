// Simulates slots and keys in virtual time: a token takes a millisecond on any slot. The expected cost of a request,
// corrected when it ends, is computed as in the real queue.

import { vi } from "vitest";
import { Tally } from "../../../src/generation/tally.ts";
import { NO_LIMITS } from "../../../src/keys/caller.ts";
import { AnswerLengths } from "../../../src/queue/answer-lengths.ts";
import { FairShare } from "../../../src/queue/fair-share.ts";
import { TokenUsage } from "../../../src/queue/token-usage.ts";

export type SimulatedKey = {
  readonly owner: string;
  /** Number of requests the key keeps in the queue: each ended request is replaced by a new one. */
  readonly inside: number;
  readonly cost: () => {
    readonly prompt: number;
    readonly cached?: number;
    readonly answer: number;
  };
  readonly isFlex?: boolean;
  /** Whether the key sends requests at this time; default: always. */
  readonly asksAt?: (atMs: number) => boolean;
  /** Choices of each request. */
  readonly choices?: number;
  readonly slots?: number;
};

type Running = {
  readonly owner: string;
  readonly key: SimulatedKey;
  readonly endsAtMs: number;
  readonly end: () => void;
};

/** When one request arrived and when it got its slot. */
export type Served = {
  readonly owner: string;
  readonly arrivedAtMs: number;
  readonly startedAtMs: number;
};

export class ShareSimulation {
  readonly #slots: number;
  readonly #keys: readonly SimulatedKey[];
  readonly #order: FairShare;
  readonly #answers = new AnswerLengths();
  readonly #inside = new Map<SimulatedKey, number>();
  /** Start a request, by request id. */
  readonly #starts = new Map<string, () => void>();
  readonly #tokens = new Map<string, number>();
  readonly served: Served[] = [];
  #running: Running[] = [];
  #ids = 0;
  nowMs = 0;

  constructor(slots: number, keys: readonly SimulatedKey[], flexWaitMs = 60_000) {
    this.#slots = slots;
    this.#keys = keys;
    this.#order = new FairShare({ slots, flexWaitMs }, () =>
      this.#running.map((each) => each.owner),
    );
    for (const { owner, slots: limit } of keys) {
      const limits = { ...NO_LIMITS, concurrent: limit ?? null };
      this.#order.setLimits({ owner, limits });
    }
    vi.stubGlobal("performance", { now: () => this.nowMs });
  }

  /** Tokens computed for a key. */
  tokensOf(owner: string): number {
    return this.#tokens.get(owner) ?? 0;
  }

  /** @returns each key's tokens from now on, as a ratio to the mean of all */
  sharesUntil(untilMs: number): Record<string, number> {
    const owners = [...new Set(this.#keys.map(({ owner }) => owner))];
    const before = owners.map((owner) => this.tokensOf(owner));
    this.runUntil(untilMs);
    const gained = owners.map((owner, index) => this.tokensOf(owner) - (before[index] ?? 0));
    const mean = gained.reduce((sum, tokens) => sum + tokens, 0) / owners.length;
    return Object.fromEntries(owners.map((owner, index) => [owner, (gained[index] ?? 0) / mean]));
  }

  runUntil(untilMs: number): void {
    while (this.nowMs < untilMs) {
      for (const key of this.#keys) this.#refill(key);
      while (this.#running.length < this.#slots) {
        const taken = this.#order.take("");
        if (!taken) break;
        this.#starts.get(taken.id)?.();
        this.#starts.delete(taken.id);
      }
      const next = Math.min(
        untilMs,
        this.nowMs + 100,
        ...this.#running.map((each) => each.endsAtMs),
      );
      this.nowMs = next;
      const ended = this.#running.filter(({ endsAtMs }) => endsAtMs <= next);
      this.#running = this.#running.filter(({ endsAtMs }) => endsAtMs > next);
      for (const each of ended) each.end();
    }
  }

  #refill(key: SimulatedKey): void {
    const { inside, choices = 1, asksAt = () => true } = key;
    const insideNow = () => this.#inside.get(key) ?? 0;
    while (asksAt(this.nowMs) && insideNow() + choices <= inside) {
      for (let choice = 0; choice < choices; choice += 1) this.#enter(key);
    }
  }

  #enter(key: SimulatedKey): void {
    const { owner, isFlex = false } = key;
    const { prompt, cached = 0, answer } = key.cost();
    this.#ids += 1;
    const id = `${this.#ids}`;
    const arrivedAtMs = this.nowMs;
    const usage = new TokenUsage({
      chargeShare: (charge) => this.#order.charge(id, charge),
      chargeBudget: () => {},
    });
    usage.expect(prompt, this.#answers.expected(owner));
    this.#inside.set(key, (this.#inside.get(key) ?? 0) + 1);
    const start = () => {
      usage.open();
      this.served.push({ owner, arrivedAtMs, startedAtMs: this.nowMs });
      const computed = prompt - cached + answer;
      const counted = { cachedTokens: cached, completionTokens: answer, reason: "stop" };
      const tally = Object.assign(new Tally(prompt), counted);
      const end = () => {
        usage.charge(tally);
        this.#answers.observe(owner, answer);
        this.#tokens.set(owner, this.tokensOf(owner) + computed);
        this.#order.leave(id);
        this.#inside.set(key, (this.#inside.get(key) ?? 0) - 1);
      };
      this.#running.push({ owner, key, endsAtMs: this.nowMs + computed, end });
    };
    this.#starts.set(id, start);
    this.#order.add({ id, owner, lane: "", isFlex, isReturning: false, cost: usage.expected });
  }
}

/** Numbers that look random, the same in every run. */
export function randomFrom(seed: number): (from: number, to: number) => number {
  let state = seed;
  return (from, to) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return from + Math.floor((state / 2 ** 32) * (to - from + 1));
  };
}
