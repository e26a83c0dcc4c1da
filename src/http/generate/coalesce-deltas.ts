// Joins deltas so that a client gets fewer, smoother ones: whole words, whole sentences, or one per interval. The first
// delta is sent at once. A held delta is sent before one of another type (tool call, reasoning) and at the end.

import type { Flush } from "../../api/dialect.ts";
import { type Delta, type GenerateEvent, isDelta, joinDeltas } from "../../generation/events.ts";

type Events = AsyncGenerator<GenerateEvent, void, undefined>;

type Unit = {
  /** A text with this end is complete. */
  readonly ends: RegExp;
  /** A text with this end is complete if white space follows. */
  readonly endsBeforeSpace: RegExp;
  /** A longer text is sent although it is not complete. */
  readonly maxChars: number;
};

/** In scripts without spaces between words, every character counts as the end of a word. */
const WORD_END = /[\s\p{Ideographic}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]$/u;
const UNITS: Readonly<Record<"word" | "sentence", Unit>> = {
  word: { ends: WORD_END, endsBeforeSpace: /$/, maxChars: 200 },
  sentence: {
    ends: /(\n|[.!?…]["')\]]*\s+|[。！？])$/,
    endsBeforeSpace: /[.!?…]["')\]]*$/,
    maxChars: 2_000,
  },
};

export async function* coalesceDeltas(events: Events, flush: Exclude<Flush, "token">): Events {
  if (flush === 0) yield* events;
  else if (typeof flush === "number") yield* everyMs(events, flush);
  else yield* inUnits(events, UNITS[flush]);
}

async function* inUnits(events: Events, unit: Unit): Events {
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
    if (held) yield held; // the engine sent it before the failure
    throw error;
  }
}

/** Null if the held delta must be sent before the event. */
function joinedUnit(held: Delta, event: GenerateEvent, { endsBeforeSpace }: Unit): Delta | null {
  if (!isDelta(event)) return null;
  const isEnd = /^\s/.test(event.text) && endsBeforeSpace.test(held.text);
  return isEnd ? null : joinDeltas(held, event);
}

function isComplete({ type, text }: Delta, { ends, maxChars }: Unit): boolean {
  return type === "tool-call-delta" || ends.test(text) || text.length >= maxChars;
}

async function* everyMs(events: Events, ms: number): Events {
  let held: Delta | null = null;
  let sentAtMs = Number.NEGATIVE_INFINITY;
  let next = events.next();
  try {
    for (;;) {
      const dueInMs: number | null = held ? Math.max(0, sentAtMs + ms - performance.now()) : null;
      const result: NextEvent = await nextOrDue(next, dueInMs);
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
    next.catch(() => {}); // after an early exit, no one awaits it
    await events.return();
  }
}

/** `due`: the held delta must be sent before the next event arrives. */
type NextEvent = IteratorResult<GenerateEvent, void> | { readonly error: unknown } | "due";

async function nextOrDue(
  next: Promise<IteratorResult<GenerateEvent, void>>,
  dueInMs: number | null,
): Promise<NextEvent> {
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
