// What each key has used on each day, in memory. A day that is too old is forgotten. usage-folder.ts keeps it on disk.

import type { KeyUsage, Usage } from "../../generation/events.ts";
import { type Caller, nameOfGroup } from "../caller.ts";
import { dayOf, daysBefore, isSameMonth, type UtcDay } from "./utc-day.ts";

/** What one key has used on one day. */
export type DayUsage = KeyUsage & {
  readonly owner: string;
  /** The name of the key, or `group:NAME`; null until one of the key's requests has ended. */
  readonly name: string | null;
  /**
   * Tokens that count in the budgets: uncached prompt tokens, generated tokens, and one for each ms of preparing prompts. Not a
   * whole number because of those.
   */
  readonly spentTokens: number;
};

type Entry = { -readonly [K in keyof DayUsage]: DayUsage[K] };

export type DailyUsageOptions = {
  /** Days to remember, the current one included. */
  readonly keepDays: number;
  /** Milliseconds since 1970; another clock for tests. */
  readonly now?: () => number;
};

/** One day has entries for at most this many owners; further ones are counted together, as `OTHERS`. */
const MAX_OWNERS_PER_DAY = 5_000;
export const OTHERS = "(others)";

export class DailyUsage {
  readonly #keepDays: number;
  readonly #now: () => number;
  /** Each day's entries by owner, the oldest day first. */
  readonly #days = new Map<UtcDay, Map<string, Entry>>();
  /** Called with the day whose entries have changed. Must not throw. */
  onChange: (day: UtcDay) => void = () => {};

  constructor({ keepDays, now = Date.now }: DailyUsageOptions) {
    this.#keepDays = keepDays;
    this.#now = now;
  }

  get today(): UtcDay {
    return dayOf(this.#now());
  }

  /** The oldest day that is remembered. */
  get oldestDay(): UtcDay {
    return daysBefore(this.today, this.#keepDays - 1);
  }

  /** The first day with an entry; null without entries. */
  get firstDay(): UtcDay | null {
    return [...this.#days.keys()].reduce<UtcDay | null>(
      (first, day) => (first === null || day < first ? day : first),
      null,
    );
  }

  /** Records a request that has ended. @param usage null if nothing was computed for it */
  add({ owner, name }: Caller, usage: Omit<Usage, "reasoningTokens"> | null): void {
    const entry = this.#entryOf(owner);
    entry.name = entry.owner === owner ? name : entry.owner;
    entry.requests += 1;
    entry.promptTokens += usage?.promptTokens ?? 0;
    entry.cachedTokens += usage?.cachedTokens ?? 0;
    entry.completionTokens += usage?.completionTokens ?? 0;
    this.onChange(this.today);
  }

  /** Counts tokens in the budgets. @param tokens a negative number returns tokens, at most those of the current day */
  spend(owner: string, tokens: number): void {
    const entry = this.#entryOf(owner);
    entry.spentTokens = Math.max(0, entry.spentTokens + tokens);
    this.onChange(this.today);
  }

  spentToday(owner: string): number {
    return this.#days.get(this.today)?.get(owner)?.spentTokens ?? 0;
  }

  spentThisMonth(owner: string): number {
    const { today } = this;
    let spent = 0;
    for (const [day, entries] of this.#days)
      if (isSameMonth(day, today)) spent += entries.get(owner)?.spentTokens ?? 0;
    return spent;
  }

  /** Time until the next day begins, and until the next month begins, in ms. */
  get resets(): { readonly dayMs: number; readonly monthMs: number } {
    const now = this.#now();
    const date = new Date(now);
    const nextDay = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 1);
    const nextMonth = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
    return { dayMs: nextDay - now, monthMs: nextMonth - now };
  }

  /** The sum over all days that are remembered. */
  totalOf(owner: string): KeyUsage {
    const { requests, promptTokens, cachedTokens, completionTokens } = [
      ...this.#days.values(),
    ].reduce((total, entries) => addTo(total, entries.get(owner)), nothing(owner));
    return { requests, promptTokens, cachedTokens, completionTokens };
  }

  /** The entries of some days, both included, in the order of the days. */
  between(from: UtcDay, to: UtcDay): readonly (DayUsage & { readonly day: UtcDay })[] {
    return [...this.#days]
      .filter(([day]) => day >= from && day <= to)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([day]) => this.of(day).map((entry) => ({ ...entry, day })));
  }

  of(day: UtcDay): readonly DayUsage[] {
    return [...(this.#days.get(day)?.values() ?? [])];
  }

  /** Adds what was recorded elsewhere: what the disk has, to what was counted before it was read. */
  merge(day: UtcDay, recorded: readonly DayUsage[]): void {
    const entries = this.#entriesOf(day);
    for (const each of recorded) {
      const entry = entries.get(each.owner) ?? nothing(each.owner);
      entries.set(each.owner, addTo(entry, each));
      entry.name ??= each.name;
    }
  }

  #entryOf(owner: string): Entry {
    const entries = this.#entriesOf(this.today);
    const known = entries.get(owner);
    if (known) return known;
    if (owner !== OTHERS && entries.size >= MAX_OWNERS_PER_DAY) return this.#entryOf(OTHERS);
    const entry = nothing(owner);
    entries.set(owner, entry);
    return entry;
  }

  /** A new day has begun if it has no entries: then the days that are too old are forgotten. */
  #entriesOf(day: UtcDay): Map<string, Entry> {
    const known = this.#days.get(day);
    if (known) return known;
    const { oldestDay } = this;
    for (const each of this.#days.keys()) if (each < oldestDay) this.#days.delete(each);
    const entries = new Map<string, Entry>();
    this.#days.set(day, entries);
    return entries;
  }
}

function nothing(owner: string): Entry {
  const tokens = { promptTokens: 0, cachedTokens: 0, completionTokens: 0, spentTokens: 0 };
  return { owner, name: nameOfGroup(owner), requests: 0, ...tokens };
}

function addTo(total: Entry, entry: DayUsage | undefined): Entry {
  if (!entry) return total;
  total.requests += entry.requests;
  total.promptTokens += entry.promptTokens;
  total.cachedTokens += entry.cachedTokens;
  total.completionTokens += entry.completionTokens;
  total.spentTokens += entry.spentTokens;
  return total;
}
