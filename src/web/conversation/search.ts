// Finds conversations by words, ignoring case and accents.

import type { ChatTurn, Conversation } from "./conversation.ts";
import { fold, spanInOriginal } from "./folded-text.ts";

export type Match = {
  readonly conversation: Conversation;
  /** The turn that the snippet is from; null for the title. */
  readonly turnId: string | null;
  /** One line around the first match. */
  readonly snippet: string;
  /** The match within the snippet; `end` is exclusive. */
  readonly span: { readonly start: number; readonly end: number };
};

/** Characters before the match, and characters in all. */
const BEFORE = 30;
const MAX_SNIPPET = 120;

type Source = { readonly turnId: string | null; readonly text: string; readonly folded: string };

/** Turns are immutable, so each is folded once and not at every keystroke. */
const foldedTexts = new WeakMap<ChatTurn, string>();

/** Conversations whose title and turns together contain all words, newest first; none if there are no words. */
export function search(conversations: readonly Conversation[], words: string): readonly Match[] {
  const wanted = fold(words).split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return [];
  return conversations
    .flatMap((conversation) => matchOf(conversation, wanted) ?? [])
    .sort((one, other) => other.conversation.updatedAtMs - one.conversation.updatedAtMs);
}

function matchOf(conversation: Conversation, wanted: readonly string[]): Match | null {
  const sources = sourcesOf(conversation);
  if (!wanted.every((word) => sources.some(({ folded }) => folded.includes(word)))) return null;
  const best = bestSource(sources, wanted);
  const found = firstMatch(best.folded, wanted);
  const { start, end } = spanInOriginal(best.text, found);
  return { conversation, turnId: best.turnId, ...snippetOf(best.text, start, end) };
}

/** Turns come before the title, because the list shows the title anyway. */
function sourcesOf({ title, turns }: Conversation): readonly [Source, ...Source[]] {
  const titleSource = { turnId: null, text: title, folded: fold(title) };
  const [first = titleSource, ...others] = turns.map((turn) => ({
    turnId: turn.id,
    text: wordsOf(turn),
    folded: foldedTurn(turn),
  }));
  return [first, ...others, titleSource];
}

function foldedTurn(turn: ChatTurn): string {
  const known = foldedTexts.get(turn);
  if (known !== undefined) return known;
  const folded = fold(wordsOf(turn));
  foldedTexts.set(turn, folded);
  return folded;
}

/** The text of a question comes before its files, so that the snippet is from it if it matches. */
function wordsOf(turn: ChatTurn): string {
  if (turn.kind !== "question" || !turn.files) return turn.text;
  return [turn.text, ...turn.files.flatMap(({ name, text }) => [name, text])].join("\n");
}

/** The source with the most words; the first one if several have the same number. */
function bestSource(sources: readonly [Source, ...Source[]], wanted: readonly string[]): Source {
  const countOf = ({ folded }: Source) => wanted.filter((word) => folded.includes(word)).length;
  return sources.reduce((best, each) => (countOf(each) > countOf(best) ? each : best));
}

/** The whole phrase if it occurs; otherwise the first word that does. */
function firstMatch(folded: string, wanted: readonly string[]) {
  const phrase = wanted.join(" ");
  const needle = [phrase, ...wanted].find((each) => folded.includes(each)) ?? phrase;
  const start = folded.indexOf(needle);
  return { start, end: start + needle.length };
}

function snippetOf(text: string, start: number, end: number): Pick<Match, "snippet" | "span"> {
  const from = wordStart(text, start);
  const to = Math.max(end, characterStart(text, from + MAX_SNIPPET));
  const head = from > 0 ? "…" : "";
  const tail = to < text.length ? "…" : "";
  const shift = head.length - from;
  return {
    snippet: `${head}${text.slice(from, to).replace(/\s/g, " ")}${tail}`,
    span: { start: start + shift, end: end + shift },
  };
}

/** The start of a word up to `BEFORE` characters earlier, or that offset inside a very long word. */
function wordStart(text: string, start: number): number {
  if (start <= BEFORE) return 0;
  const space = text.slice(start - BEFORE, start).search(/\s\S/);
  return space < 0 ? characterStart(text, start - BEFORE) : start - BEFORE + space + 1;
}

/** Moves an offset out of the middle of a surrogate pair. */
function characterStart(text: string, at: number): number {
  const isHalf = /[\udc00-\udfff]/.test(text[at] ?? "");
  return Math.min(isHalf ? at - 1 : at, text.length);
}
