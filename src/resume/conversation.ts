// The conversation up to an answer, as a chain of turns. Each turn holds only what it added, so a long conversation is stored
// once.

/** One request's part of a conversation: its input and its answer, following the previous turn. */
export type ConversationTurn = {
  readonly previous: ConversationTurn | null;
  /** Items in the wire format. */
  readonly input: readonly object[];
  output: readonly object[];
  /** Memory of this turn alone. */
  bytes: number;
  /** Number of responses and later turns that need this turn. */
  references: number;
};

/** Creates a turn that keeps the previous one in memory. */
export function createTurn(
  previous: ConversationTurn | null,
  input: readonly object[],
): ConversationTurn {
  if (previous) previous.references += 1;
  return { previous, input, output: [], bytes: weightOf(input), references: 1 };
}

/** Releases one reference. @returns the bytes freed: this turn and earlier ones that nothing needs any more */
export function releaseTurn(last: ConversationTurn): number {
  let freed = 0;
  for (let turn: ConversationTurn | null = last; turn; turn = turn.previous) {
    turn.references -= 1;
    if (turn.references > 0) break;
    freed += turn.bytes;
  }
  return freed;
}

/** Memory of a turn and all earlier ones. */
export function bytesUpTo(last: ConversationTurn | null): number {
  let bytes = 0;
  for (let turn = last; turn; turn = turn.previous) bytes += turn.bytes;
  return bytes;
}

export function inputItemsOf({ previous, input }: ConversationTurn): readonly object[] {
  const parts = [input];
  for (let turn = previous; turn; turn = turn.previous) parts.push(turn.output, turn.input);
  return parts.reverse().flat();
}

/** Size as JSON, in bytes. */
export function weightOf(value: unknown): number {
  return 2 * JSON.stringify(value).length; // JavaScript strings take up to two bytes per UTF-16 code unit
}
