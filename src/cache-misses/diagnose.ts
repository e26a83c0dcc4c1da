// Decides why the prefix cache did not have tokens of a prompt, by comparing its print with those of earlier prompts.

import type {
  CacheMiss,
  LoggedMiss,
  MissDiagnosis,
  PromptChange,
  PromptComparison,
} from "../generation/cache-miss.ts";
import { PROMPT_PARTS } from "../generation/cache-miss.ts";
import { BLOCK_TOKENS, sharedBlocks } from "../generation/prefix-hashes.ts";
import { firstDifference, type PrintedPart, type PromptPrint } from "./prompt-print.ts";

type Sender = {
  /** The key that sent the prompt. */
  readonly owner: string;
  /** Prompts of one scope share the prefix cache. */
  readonly cacheScope: string;
};

export type KnownPrompt = Sender & { readonly print: PromptPrint };

export type DiagnoseOptions = Sender & {
  /** Tokens that came from the cache. */
  readonly cachedTokens: number;
  /** Earlier prompts, oldest first. */
  readonly known: readonly KnownPrompt[];
};

/** Fewer missed tokens have no reason: a cache is not exact to the token, and they cost little. */
const MIN_MISSED_TOKENS = 256;
/** A change is looked for in the latest prompts of a key: up to this many of their parts, which takes a few milliseconds. */
const MAX_COMPARED_PARTS = 10_000;
/** What a prompt counts beside its parts: at most 100 prompts are compared. */
const PROMPT_COST = 100;
/** The end of a prompt opens the answer, and is often rendered in another way once the answer is known. */
const OPENING_TOKENS = 2 * BLOCK_TOKENS;

export const NO_MISS: MissDiagnosis = { told: null, logged: null };

export function diagnose(print: PromptPrint, options: DiagnoseOptions): MissDiagnosis {
  const { cachedTokens, known, owner, cacheScope } = options;
  const uncached = print.tokens - cachedTokens;
  if (uncached < MIN_MISSED_TOKENS) return NO_MISS;
  const own = known.filter((each) => each.owner === owner);
  const ownPrints = own.map((each) => each.print);
  const told = larger(
    evictionOf(print, ownPrints, cachedTokens),
    changeOf(print, latestOf(ownPrints), cachedTokens),
  );
  if (told) return { told, logged: told };
  const others = known.filter((each) => each.owner !== owner);
  return { told: null, logged: missOfOthers(print, others, { cachedTokens, cacheScope }) };
}

function larger(one: CacheMiss | null, other: CacheMiss | null): CacheMiss | null {
  if (!one || !other) return one ?? other;
  return one.missedTokens >= other.missedTokens ? one : other;
}

/** The longest prefix that was computed before, if the cache had much less of it. */
function evictionOf(
  print: PromptPrint,
  earlier: readonly PromptPrint[],
  cachedTokens: number,
): CacheMiss<"evicted"> | null {
  const sharedTokens = Math.max(0, ...earlier.map((each) => sharedTokensOf(each, print)));
  const missedTokens = sharedTokens - cachedTokens;
  if (missedTokens < MIN_MISSED_TOKENS) return null;
  return { reason: "evicted", missedTokens, sharedTokens, change: null };
}

/** The latest one comes first. */
function latestOf(earlier: readonly PromptPrint[]): readonly PromptPrint[] {
  let room = MAX_COMPARED_PARTS;
  return earlier.toReversed().filter(({ parts }) => {
    room -= PROMPT_COST + parts.length;
    return room >= 0;
  });
}

/** The change that cost the most; the first of several that cost the same. */
function changeOf(
  print: PromptPrint,
  earlier: readonly PromptPrint[],
  cachedTokens: number,
): CacheMiss | null {
  const ofModel = earlier.filter(({ model }) => model === print.model);
  // The parts up to here were read in this order before: if they are not in the cache, they were evicted.
  const known = Math.max(0, ...ofModel.map(({ parts }) => firstDifference(parts, print.parts)));
  const unknown = new Set(print.parts.slice(known).map(({ hash }) => hash));
  let found: CacheMiss | null = null;
  for (const each of earlier) {
    const least = found ? found.missedTokens + 1 : MIN_MISSED_TOKENS;
    if (each.tokens - sharedTokensOf(each, print) < least) continue; // cannot cost more, as for all earlier turns
    const miss = changeSince(each, print, { unknown, cachedTokens });
    if (miss && miss.missedTokens >= least) found = miss;
  }
  const uncached = print.tokens - cachedTokens;
  return found && { ...found, missedTokens: Math.min(found.missedTokens, uncached) };
}

type ChangeOptions = {
  /** Hashes of the parts that follow other parts than before. */
  readonly unknown: ReadonlySet<string>;
  readonly cachedTokens: number;
};

/**
 * What would have come from the cache without the change: the parts after it that both prompts have, in the share that they
 * have of the earlier prompt's text. Without such a part, the prompt belongs to another conversation.
 */
function changeSince(
  earlier: PromptPrint,
  print: PromptPrint,
  { unknown, cachedTokens }: ChangeOptions,
): CacheMiss | null {
  const { parts } = earlier;
  if (parts.length === 0) return null;
  const sharedTokens = sharedTokensOf(earlier, print);
  const isOtherModel = earlier.model !== print.model;
  const at = firstDifference(parts, print.parts);
  if (at === parts.length && !isOtherModel) {
    const missedTokens = earlier.tokens - Math.max(sharedTokens, cachedTokens);
    return { reason: "template", missedTokens, sharedTokens, change: null };
  }
  const again = parts.slice(isOtherModel ? 0 : at).filter(({ hash }) => unknown.has(hash));
  const share = charsOf(again) / Math.max(1, charsOf(parts));
  const missedTokens = Math.min(earlier.tokens - sharedTokens, Math.round(earlier.tokens * share));
  if (isOtherModel) return { reason: "model", missedTokens, sharedTokens, change: null };
  const change = placeAt(at, parts, print.parts);
  return { reason: "prefix_changed", missedTokens, sharedTokens, change };
}

/** A prefix that only other keys have sent. The client is told nothing, whatever the cause. */
function missOfOthers(
  print: PromptPrint,
  others: readonly KnownPrompt[],
  { cachedTokens, cacheScope }: Pick<DiagnoseOptions, "cachedTokens" | "cacheScope">,
): LoggedMiss | null {
  const evictionIn = (scoped: readonly KnownPrompt[]) =>
    evictionOf(
      print,
      scoped.map((each) => each.print),
      cachedTokens,
    );
  const inScope = evictionIn(others.filter((each) => each.cacheScope === cacheScope));
  if (inScope) return inScope;
  const outside = evictionIn(others.filter((each) => each.cacheScope !== cacheScope));
  return outside && { ...outside, reason: "scope" };
}

/** Compares a prompt with one that the client names. */
export function compare(print: PromptPrint, earlier: PromptPrint): PromptComparison {
  const { parts } = earlier;
  const sharedTokens = sharedTokensOf(earlier, print);
  const missedTokens = earlier.tokens - sharedTokens;
  if (earlier.model !== print.model)
    return { type: "changed", what: "model", missedTokens, sharedTokens };
  const at = firstDifference(parts, print.parts);
  if (at < parts.length) {
    const what = placeAt(at, parts, print.parts).part;
    return { type: "changed", what, missedTokens, sharedTokens };
  }
  return { type: missedTokens < OPENING_TOKENS ? "same" : "unavailable" };
}

/** Whole blocks at the start of both; 0 for different models. */
function sharedTokensOf(earlier: PromptPrint, print: PromptPrint): number {
  if (earlier.model !== print.model) return 0;
  return sharedBlocks(earlier.blocks, print.blocks) * BLOCK_TOKENS;
}

function charsOf(parts: readonly PrintedPart[]): number {
  return parts.reduce((sum, { chars }) => sum + chars, 0);
}

/** Where the lists differ. If one has a part more, such as a tool, that comes before what the other has there. */
function placeAt(
  at: number,
  some: readonly PrintedPart[],
  others: readonly PrintedPart[],
): PromptChange {
  const there = [some[at], others[at]].filter((each) => each !== undefined);
  const orderOf = ({ part }: PromptChange) => PROMPT_PARTS.indexOf(part);
  const [first] = there.toSorted((one, other) => orderOf(one) - orderOf(other));
  return { part: first?.part ?? "messages", message: first?.message ?? null };
}
