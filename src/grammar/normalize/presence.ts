// A formula over member names: which members of an object may occur together. It comes from dependentRequired, not, and
// combinators whose branches differ only in their required members. A grammar writes members in a fixed order and simplifies the
// formula at each of them.

export type Presence =
  | boolean
  | { readonly has: string }
  /** Holds if there is a member whose name is not listed. */
  | { readonly beyond: readonly string[] }
  | { readonly not: Presence }
  | { readonly all: readonly Presence[] }
  | { readonly any: readonly Presence[] };

/** Keys and sizes are kept, because formulas share their parts. */
const KEYS = new WeakMap<object, string>();

/** Equal formulas have equal keys. */
export function presenceKey(presence: Presence): string {
  if (typeof presence === "boolean") return presence ? "1" : "0";
  const known = KEYS.get(presence);
  if (known !== undefined) return known;
  const key = newKey(presence);
  KEYS.set(presence, key);
  return key;
}

const SIZES = new WeakMap<object, number>();

/** Number of parts of a formula. Changing a formula costs units by its size. */
export function presenceSize(presence: Presence): number {
  if (typeof presence === "boolean") return 0;
  const known = SIZES.get(presence);
  if (known !== undefined) return known;
  const size = newSize(presence);
  SIZES.set(presence, size);
  return size;
}

function newSize(presence: Exclude<Presence, boolean>): number {
  if ("has" in presence) return 1;
  if ("beyond" in presence) return 1 + presence.beyond.length / 8;
  if ("not" in presence) return 1 + presenceSize(presence.not);
  const parts = "all" in presence ? presence.all : presence.any;
  return parts.reduce((sum, part) => sum + presenceSize(part), 1);
}

function newKey(presence: Exclude<Presence, boolean>): string {
  if ("has" in presence) return JSON.stringify(presence.has);
  if ("beyond" in presence) return JSON.stringify(presence.beyond);
  if ("not" in presence) return `!${presenceKey(presence.not)}`;
  if ("all" in presence) return `&(${presence.all.map(presenceKey).join()})`;
  return `|(${presence.any.map(presenceKey).join()})`;
}

export function allPresence(parts: readonly Presence[]): Presence {
  const left = different(parts.flatMap((part) => (isAll(part) ? part.all : [part]))).filter(
    (part) => part !== true,
  );
  if (left.includes(false) || haveOpposites(left)) return false;
  const [first = true] = left;
  return left.length < 2 ? first : { all: left };
}

export function anyPresence(parts: readonly Presence[]): Presence {
  const left = different(parts.flatMap((part) => (isAny(part) ? part.any : [part]))).filter(
    (part) => part !== false,
  );
  if (left.includes(true) || haveOpposites(left)) return true;
  const [first = false] = left;
  return left.length < 2 ? first : { any: left };
}

export function notPresence(part: Presence): Presence {
  if (typeof part === "boolean") return !part;
  if ("not" in part) return part.not;
  if ("all" in part) return anyPresence(part.all.map(notPresence));
  if ("any" in part) return allPresence(part.any.map(notPresence));
  return { not: part };
}

export function hasAllOf(names: Iterable<string>): Presence {
  return allPresence([...names].map((has) => ({ has })));
}

function isAll(part: Presence): part is { readonly all: readonly Presence[] } {
  return typeof part === "object" && "all" in part;
}

function isAny(part: Presence): part is { readonly any: readonly Presence[] } {
  return typeof part === "object" && "any" in part;
}

function different(parts: readonly Presence[]): readonly Presence[] {
  if (parts.length < 2) return parts;
  return [...new Map(parts.map((part) => [presenceKey(part), part])).values()];
}

/** Only names can have opposites here: the opposite of `all` in a list of `any` is part of that list. */
function haveOpposites(parts: readonly Presence[]): boolean {
  const nots = parts.flatMap((part) => (typeof part === "object" && "not" in part ? part.not : []));
  if (nots.length === 0 || parts.length < 2) return false;
  const keys = new Set(parts.map(presenceKey));
  return nots.some((part) => keys.has(presenceKey(part)));
}

/** The formula once it is known whether a member is there. */
export function whenMember(presence: Presence, name: string, isThere: boolean): Presence {
  return whenMembers(presence, new Set([name]), isThere);
}

/** The formula once it is known whether some members are there. */
export function whenMembers(
  presence: Presence,
  names: ReadonlySet<string>,
  isThere: boolean,
): Presence {
  return replaced(presence, (atom) => {
    if ("has" in atom) return names.has(atom.has) ? isThere : atom;
    return isThere && [...names].some((name) => !atom.beyond.includes(name)) ? true : atom;
  });
}

/** The formula once a member is there whose name the formula does not mention. */
export function whenOther(presence: Presence): Presence {
  return replaced(presence, (atom) => ("has" in atom ? atom : true));
}

/** Whether the formula holds if no more members follow. */
export function holdsAtEnd(presence: Presence): boolean {
  return replaced(presence, () => false) === true;
}

type Atom = Extract<Presence, { has: string } | { beyond: readonly string[] }>;

/** Returns the same formula if nothing in it is replaced. */
function replaced(presence: Presence, replace: (atom: Atom) => Presence): Presence {
  if (typeof presence === "boolean") return presence;
  if ("has" in presence || "beyond" in presence) return replace(presence);
  if ("not" in presence) {
    const part = replaced(presence.not, replace);
    return part === presence.not ? presence : notPresence(part);
  }
  const isAllOf = "all" in presence;
  const parts = isAllOf ? presence.all : presence.any;
  const changed = parts.map((part) => replaced(part, replace));
  if (changed.every((part, index) => part === parts[index])) return presence;
  return isAllOf ? allPresence(changed) : anyPresence(changed);
}

/** All names in the formula. */
export function namesIn(presence: Presence): readonly string[] {
  if (typeof presence === "boolean") return [];
  if ("has" in presence) return [presence.has];
  if ("beyond" in presence) return presence.beyond;
  if ("not" in presence) return namesIn(presence.not);
  return ("all" in presence ? presence.all : presence.any).flatMap(namesIn);
}
