// Versions of turns: a conversation is a tree of turns and shows one path through it. Every change of that path is made here,
// so that a turn which is no longer shown is kept as a version.

import {
  type ChatTurn,
  type Conversation,
  type TurnPlace,
  type TurnTree,
  withoutStream,
} from "./conversation.ts";

/** Where a turn stands among its versions. */
export type TurnVersion = {
  /** From 1. */
  readonly number: number;
  readonly count: number;
  /** Null for the first version. */
  readonly previousId: string | null;
  /** Null for the last version. */
  readonly nextId: string | null;
};

/** The version of each shown turn that has more than one, by the turn's id. */
export function versionsOf({
  turns,
  tree,
}: Pick<Conversation, "turns" | "tree">): ReadonlyMap<string, TurnVersion> {
  const versions = new Map<string, TurnVersion>();
  if (!tree) return versions;
  const siblings = new Map<string | null, string[]>();
  for (const { id, parentId } of tree.places) {
    const ids = siblings.get(parentId);
    if (ids) ids.push(id);
    else siblings.set(parentId, [id]);
  }
  for (const [index, { id }] of turns.entries()) {
    const ids = siblings.get(turns[index - 1]?.id ?? null) ?? [];
    if (ids.length < 2) continue;
    const at = ids.indexOf(id);
    const [previousId, nextId] = [ids[at - 1] ?? null, ids[at + 1] ?? null];
    versions.set(id, { number: at + 1, count: ids.length, previousId, nextId });
  }
  return versions;
}

/** Shows other turns. Those that are no longer shown stay in the tree. */
export function withTurns(conversation: Conversation, turns: readonly ChatTurn[]): Conversation {
  const shown = new Set(turns.map(({ id }) => id));
  const left = conversation.turns.filter(({ id }) => !shown.has(id));
  const omittedTurns = fitting(conversation.omittedTurns, turns);
  const next = { ...conversation, turns, omittedTurns };
  if (!conversation.tree && left.length === 0) return next;
  const places = withPath(
    placesOf(left.length === 0 ? conversation : leaving(conversation)),
    turns,
  );
  const hidden = (conversation.tree?.hidden ?? []).filter(({ id }) => !shown.has(id));
  return { ...next, tree: { places, hidden: [...hidden, ...left.map(withoutStream)] } };
}

/**
 * Shows a version, and after it the newest turns that follow it.
 *
 * @returns the same conversation if there is no hidden turn with this id
 */
export function showVersion(conversation: Conversation, turnId: string): Conversation {
  const { tree, turns } = conversation;
  if (!tree?.hidden.some(({ id }) => id === turnId)) return conversation;
  const places = new Map(tree.places.map((place) => [place.id, place]));
  const known = new Map([...turns, ...tree.hidden].map((turn) => [turn.id, turn]));
  const last = newestEnd(tree, turnId);
  const path: ChatTurn[] = [];
  for (let id: string | null = last; id !== null; id = places.get(id)?.parentId ?? null) {
    const turn = known.get(id);
    if (turn) path.push(turn);
  }
  const omittedTurns = places.get(last)?.omittedTurns ?? 0;
  const shown = withTurns(conversation, path.reverse());
  return { ...shown, omittedTurns: fitting(omittedTurns, path) };
}

/** Removes a turn and all that follows it, in every version. */
export function withoutTurn(conversation: Conversation, turnId: string): Conversation {
  const { turns, tree } = conversation;
  const index = turns.findIndex(({ id }) => id === turnId);
  const path = index < 0 ? turns : turns.slice(0, index);
  const next = {
    ...conversation,
    turns: path,
    omittedTurns: fitting(conversation.omittedTurns, path),
  };
  if (!tree) return next;
  const removed = branchOf(tree, turnId);
  const hidden = tree.hidden.filter(({ id }) => !removed.has(id));
  if (hidden.length === 0) {
    const { tree: _, ...single } = next;
    return single;
  }
  return { ...next, tree: { places: tree.places.filter(({ id }) => !removed.has(id)), hidden } };
}

/** Places of all turns, with or without a tree. */
function placesOf({ turns, tree }: Conversation): readonly TurnPlace[] {
  if (tree) return tree.places;
  return turns.map(({ id }, index) => ({ id, parentId: turns[index - 1]?.id ?? null }));
}

/** Remembers at the last turn how many turns were omitted before it. */
function leaving(conversation: Conversation): Conversation {
  const { turns, omittedTurns } = conversation;
  const lastId = turns.at(-1)?.id;
  const places = placesOf(conversation).map((place) => {
    if (place.id !== lastId) return place;
    const { omittedTurns: _, ...plain } = place;
    return omittedTurns === 0 ? plain : { ...plain, omittedTurns };
  });
  return { ...conversation, tree: { places, hidden: conversation.tree?.hidden ?? [] } };
}

/** Adds new turns of the path. One that was inserted becomes the parent of the turn after it, and stands before that. */
function withPath(places: readonly TurnPlace[], turns: readonly ChatTurn[]): readonly TurnPlace[] {
  const parents = new Map(turns.map(({ id }, index) => [id, turns[index - 1]?.id ?? null]));
  const next = places.map((place) => ({
    ...place,
    parentId: parents.has(place.id) ? (parents.get(place.id) ?? null) : place.parentId,
  }));
  const known = new Set(places.map(({ id }) => id));
  for (const [index, { id }] of turns.entries()) {
    if (known.has(id)) continue;
    const follower = turns.slice(index + 1).find((turn) => known.has(turn.id));
    const at = follower ? next.findIndex((place) => place.id === follower.id) : next.length;
    next.splice(at, 0, { id, parentId: parents.get(id) ?? null });
  }
  return next;
}

/** The newest turn of a branch. No turn follows it, because a later one would be newer. */
function newestEnd(tree: TurnTree, turnId: string): string {
  return [...branchOf(tree, turnId)].at(-1) ?? turnId;
}

/** Ids of a turn and of all turns that follow it, in order of creation. */
function branchOf({ places }: TurnTree, turnId: string): ReadonlySet<string> {
  const branch = new Set([turnId]);
  for (const { id, parentId } of places)
    if (parentId !== null && branch.has(parentId)) branch.add(id);
  return branch;
}

/** The omitted turns never reach past the last question. */
function fitting(omittedTurns: number, turns: readonly ChatTurn[]): number {
  const lastQuestion = turns.findLastIndex(({ kind }) => kind === "question");
  return Math.min(omittedTurns, Math.max(0, lastQuestion));
}
