// Finds conversations by words, whatever their case and accents.

import type { Conversation, Turn } from "./conversation.ts";
import { fold, placeInOriginal } from "./folded-text.ts";

export type Match = {
  readonly conversation: Conversation;
  /** Where the snippet is from; null for the title. */
  readonly turnId: string | null;
  /** One line around the first place that was found. */
  readonly snippet: string;
  /** Of what was found in the snippet; `end` is behind it. */
  readonly place: { readonly start: number; readonly end: number };
};

const BEFORE = 30;
const MOST_SNIPPET = 120;

type Source = { readonly turnId: string | null; readonly text: string; readonly folded: string };

/** Turns never change, so that each is folded once and not at every key. */
const folds = new WeakMap<Turn, string>();

/** Those that have all words in title and turns together, changed last first; none for no words. */
export function search(conversations: readonly Conversation[], words: string): readonly Match[] {
  const wanted = fold(words).split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return [];
  return conversations
    .flatMap((conversation) => {
      const match = matchOf(conversation, wanted);
      return match ? [match] : [];
    })
    .sort((one, other) => other.conversation.updatedAtMs - one.conversation.updatedAtMs);
}

function matchOf(conversation: Conversation, wanted: readonly string[]): Match | null {
  const sources = sourcesOf(conversation);
  if (!wanted.every((word) => sources.some(({ folded }) => folded.includes(word)))) return null;
  const best = bestSource(sources, wanted);
  const found = firstPlace(best.folded, wanted);
  const { start, end } = placeInOriginal(best.text, found);
  return { conversation, turnId: best.turnId, ...snippetOf(best.text, start, end) };
}

/** Turns before the title: a title is shown anyway. */
function sourcesOf({ title, turns }: Conversation): readonly [Source, ...Source[]] {
  const ofTitle = { turnId: null, text: title, folded: fold(title) };
  const [first = ofTitle, ...others] = turns.map((turn) => ({
    turnId: turn.id,
    text: turn.text,
    folded: foldedTurn(turn),
  }));
  return [first, ...others, ofTitle];
}

function foldedTurn(turn: Turn): string {
  const known = folds.get(turn);
  if (known !== undefined) return known;
  const folded = fold(turn.text);
  folds.set(turn, folded);
  return folded;
}

/** The first one with the most of the words. */
function bestSource(sources: readonly [Source, ...Source[]], wanted: readonly string[]): Source {
  const countOf = ({ folded }: Source) => wanted.filter((word) => folded.includes(word)).length;
  return sources.reduce((best, each) => (countOf(each) > countOf(best) ? each : best));
}

/** All words in a row, if they are there; otherwise the first that is. */
function firstPlace(folded: string, wanted: readonly string[]) {
  const phrase = wanted.join(" ");
  const needle = [phrase, ...wanted].find((each) => folded.includes(each)) ?? phrase;
  const start = folded.indexOf(needle);
  return { start, end: start + needle.length };
}

function snippetOf(text: string, start: number, end: number): Pick<Match, "snippet" | "place"> {
  const from = wordStart(text, start);
  const to = Math.max(end, wholeTo(text, from + MOST_SNIPPET));
  const head = from > 0 ? "…" : "";
  const tail = to < text.length ? "…" : "";
  const shift = head.length - from;
  return {
    snippet: `${head}${text.slice(from, to).replace(/\s/g, " ")}${tail}`,
    place: { start: start + shift, end: end + shift },
  };
}

/** A word begins there, unless one is very long. */
function wordStart(text: string, start: number): number {
  if (start <= BEFORE) return 0;
  const space = text.slice(start - BEFORE, start).search(/\s\S/);
  return space < 0 ? wholeTo(text, start - BEFORE) : start - BEFORE + space + 1;
}

/** Never between the halves of a character. */
function wholeTo(text: string, at: number): number {
  const isHalf = /[\udc00-\udfff]/.test(text[at] ?? "");
  return Math.min(isHalf ? at - 1 : at, text.length);
}
