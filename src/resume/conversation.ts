// What was said up to an answer, as a chain of turns: each holds only what it added, however long the conversation is.

/** One request's part of a conversation: what it asked and what was answered, after the turn before it. */
export type Turn = {
  readonly before: Turn | null;
  /** Items as the wire format has them. */
  readonly input: readonly object[];
  output: readonly object[];
  /** What it keeps in memory, without the turns before it. */
  bytes: number;
  /** Responses and later turns that need it. */
  holders: number;
};

/** It holds the one before it. */
export function turnAfter(before: Turn | null, input: readonly object[]): Turn {
  if (before) before.holders += 1;
  return { before, input, output: [], bytes: weightOf(input), holders: 1 };
}

/** @returns the bytes that are free now: of this one, and of those before it that nobody needs any more */
export function letGo(turn: Turn): number {
  let freed = 0;
  for (let each: Turn | null = turn; each; each = each.before) {
    each.holders -= 1;
    if (each.holders > 0) break;
    freed += each.bytes;
  }
  return freed;
}

/** What a turn and all those before it keep. */
export function bytesUpTo(last: Turn | null): number {
  let bytes = 0;
  for (let turn = last; turn; turn = turn.before) bytes += turn.bytes;
  return bytes;
}

/** What was said before the turn was answered. */
export function inputOf({ before, input }: Turn): readonly object[] {
  const parts = [input];
  for (let turn = before; turn; turn = turn.before) parts.push(turn.output, turn.input);
  return parts.reverse().flat();
}

/** In bytes, as JSON. */
export function weightOf(value: unknown): number {
  return 2 * JSON.stringify(value).length; // a text of any script takes two bytes a character at most
}
