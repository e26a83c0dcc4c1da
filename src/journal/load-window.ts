// The requests that ended lately, for reports about the load.

import type { PackedGaps } from "./gap-counts.ts";
import type { EndedRequest } from "./journal.ts";
import { type LoadEntry, type LoadQuestion, type LoadReport, summarize } from "./load-report.ts";

/** At most this many requests are kept: more would block the event loop for more than a tenth of a second. They take about 5 MiB. */
const MAX_REQUESTS = 16_384;
/** Older ones are forgotten. */
const MAX_WINDOW_MS = 900_000;

const NO_GAPS: PackedGaps = new Uint32Array();

export class LoadWindow {
  readonly #now: () => number;
  /** Oldest first. */
  #entries: LoadEntry[] = [];
  /** Everything that ended since then is in `entries`. */
  #sinceMs: number;

  /** @param now a clock in ms that never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#sinceMs = now();
  }

  /** A reader of the journal. */
  add(request: EndedRequest): void {
    this.#entries.push(entryOf(request, this.#now()));
    if (this.#entries.length >= 2 * MAX_REQUESTS) this.#forget(); // seldom, because it copies the rest
  }

  /** @param question a window of at most `MAX_WINDOW_MS` */
  report({ windowMs, targets, keys }: LoadQuestion): LoadReport {
    this.#forget();
    const now = this.#now();
    const from = Math.max(now - windowMs, this.#sinceMs);
    const entries = this.#entries.filter(({ endedAtMs }) => endedAtMs >= from);
    const activeMs = timeCovered(entries, from);
    const lineOf = (group: readonly LoadEntry[]) => summarize(group, { targets, activeMs });
    const linesBy = (nameOf: (entry: LoadEntry) => string | null) =>
      new Map([...groupsOf(entries, nameOf)].map(([name, group]) => [name, lineOf(group)]));
    return {
      coveredMs: now - from,
      activeMs,
      total: lineOf(entries),
      byModel: linesBy(({ model }) => model),
      byKey: linesBy(({ key }) => (key !== null && keys.has(key) ? key : null)),
    };
  }

  #forget(): void {
    const oldest = this.#now() - MAX_WINDOW_MS;
    const inTime = this.#entries.filter(({ endedAtMs }) => endedAtMs >= oldest);
    const kept = inTime.slice(-MAX_REQUESTS);
    if (kept.length < inTime.length) this.#sinceMs = kept[0]?.endedAtMs ?? this.#sinceMs;
    this.#entries = kept;
  }
}

function entryOf({ outcome, failure, key, work }: EndedRequest, endedAtMs: number): LoadEntry {
  const common = { endedAtMs, outcome, isComplete: failure === null, key };
  const nothing = { tokensIn: 0, tokensCached: 0, tokensOut: 0, queueMs: null, gaps: NO_GAPS };
  const untimed = { firstTokenMs: null, interTokenMs: null };
  if (work === null)
    return { ...common, ...nothing, ...untimed, arrivedAtMs: endedAtMs, model: null };
  if (work.type === "embedding") {
    const { model, promptTokens: tokensIn, queueMs, totalMs } = work;
    const arrivedAtMs = endedAtMs - totalMs;
    return { ...common, ...nothing, ...untimed, arrivedAtMs, model, tokensIn, queueMs };
  }
  const { model, receipt, isPrepared, interTokenMs, gaps } = work;
  const { usage, queueMs, firstTokenMs, totalMs } = receipt;
  return {
    ...common,
    arrivedAtMs: endedAtMs - totalMs,
    model,
    tokensIn: usage.promptTokens,
    tokensCached: usage.cachedTokens,
    tokensOut: usage.completionTokens,
    queueMs: isPrepared ? queueMs : null,
    firstTokenMs,
    interTokenMs,
    gaps,
  };
}

/** The length of the union of all stays, from `from` on. @param entries in the order of their ends */
function timeCovered(entries: readonly LoadEntry[], from: number): number {
  let [covered, since] = [0, Number.POSITIVE_INFINITY]; // everything after `since` that is covered is counted
  for (let index = entries.length - 1; index >= 0; index--) {
    const { arrivedAtMs = 0, endedAtMs = 0 } = entries[index] ?? {};
    const beginMs = Math.max(arrivedAtMs, from);
    covered += Math.max(0, Math.min(endedAtMs, since) - beginMs);
    since = Math.min(since, beginMs);
  }
  return covered;
}

function groupsOf(
  entries: readonly LoadEntry[],
  nameOf: (entry: LoadEntry) => string | null,
): ReadonlyMap<string, readonly LoadEntry[]> {
  const groups = new Map<string, LoadEntry[]>();
  for (const entry of entries) {
    const name = nameOf(entry);
    if (name === null) continue;
    const group = groups.get(name);
    if (group) group.push(entry);
    else groups.set(name, [entry]);
  }
  return groups;
}
