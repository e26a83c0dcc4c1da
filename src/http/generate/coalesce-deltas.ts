// Joins deltas so that a client gets fewer, smoother ones: whole words, whole sentences, or one every so many ms. The first
// goes out at once; nothing is held beyond a change of kind (a call, thoughts) or the end.

import type { Flush } from "../../api/dialect.ts";
import { type Delta, type GenerateEvent, isDelta, joinDeltas } from "../../generation/events.ts";

type Unit = {
  /** A text that ends so is complete, */
  readonly ends: RegExp;
  /** and one that ends so, if white space comes next. */
  readonly endsBeforeSpace: RegExp;
  /** Longer text goes out all the same. */
  readonly mostChars: number;
};

/** Scripts that put no space between words have their ends everywhere. */
const WORD_END = /[\s\p{Ideographic}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]$/u;
const UNITS: Readonly<Record<"word" | "sentence", Unit>> = {
  word: { ends: WORD_END, endsBeforeSpace: /$/, mostChars: 200 },
  sentence: {
    ends: /(\n|[.!?…]["')\]]*\s+|[。！？])$/,
    endsBeforeSpace: /[.!?…]["')\]]*$/,
    mostChars: 2_000,
  },
};

export async function* flushed(
  events: AsyncGenerator<GenerateEvent, void, undefined>,
  flush: Flush,
): AsyncGenerator<GenerateEvent, void, undefined> {
  if (flush === "token" || flush === 0) yield* events;
  else if (typeof flush === "number") yield* everyMs(events, flush);
  else yield* inUnits(events, UNITS[flush]);
}

async function* inUnits(
  events: AsyncGenerator<GenerateEvent, void, undefined>,
  unit: Unit,
): AsyncGenerator<GenerateEvent, void, undefined> {
  let held: Delta | null = null;
  let isFirst = true;
  try {
    for await (const event of events) {
      const joined: Delta | null = held && joinedUnit(held, event, unit);
      if (held && !joined) yield held;
      held = joined ?? (isDelta(event) ? event : null);
      if (held && !isFirst && !isComplete(held, unit)) continue;
      if (held) isFirst = false;
      yield held ?? event;
      held = null;
    }
  } catch (error) {
    if (held) yield held; // it came before the failure
    throw error;
  }
}

/** Null when what is held has to go out before the event. */
function joinedUnit(held: Delta, event: GenerateEvent, { endsBeforeSpace }: Unit): Delta | null {
  if (!isDelta(event)) return null;
  const isEnd = /^\s/.test(event.text) && endsBeforeSpace.test(held.text);
  return isEnd ? null : joinDeltas(held, event);
}

function isComplete({ type, text }: Delta, { ends, mostChars }: Unit): boolean {
  return type === "tool-call-delta" || ends.test(text) || text.length >= mostChars;
}

async function* everyMs(
  events: AsyncGenerator<GenerateEvent, void, undefined>,
  ms: number,
): AsyncGenerator<GenerateEvent, void, undefined> {
  let held: Delta | null = null;
  let sentAtMs = Number.NEGATIVE_INFINITY;
  let next = events.next();
  try {
    for (;;) {
      const dueInMs: number | null = held ? Math.max(0, sentAtMs + ms - performance.now()) : null;
      const result: Outcome = await outcomeOf(next, dueInMs);
      const event: GenerateEvent | null =
        result === "due" || "error" in result ? null : (result.value ?? null);
      const joined: Delta | null = held && event && isDelta(event) ? joinDeltas(held, event) : null;
      if (held && !joined) {
        yield held;
        sentAtMs = performance.now();
      }
      held = joined ?? (event && isDelta(event) ? event : null);
      if (result === "due") continue;
      if ("error" in result) throw result.error;
      if (result.done) return;
      if (event && !held) yield event;
      next = events.next();
    }
  } finally {
    next.catch(() => {}); // whoever left the loop does not wait for it
    await events.return();
  }
}

/** `due`: what is held has to go out before the next event comes. */
type Outcome = IteratorResult<GenerateEvent, void> | { readonly error: unknown } | "due";

async function outcomeOf(
  next: Promise<IteratorResult<GenerateEvent, void>>,
  dueInMs: number | null,
): Promise<Outcome> {
  if (dueInMs !== null && dueInMs <= 0) return "due";
  const settled = next.catch((error: unknown) => ({ error }));
  if (dueInMs === null) return settled;
  let timer: NodeJS.Timeout | undefined;
  const due = new Promise<"due">((resolve) => {
    timer = setTimeout(() => resolve("due"), dueInMs);
  });
  try {
    return await Promise.race([settled, due]);
  } finally {
    clearTimeout(timer);
  }
}
