// The flags of `sluice keys` that say what a key may do: read by `add` for a new key, and by `set` for one that exists.

import type { KeyLimits } from "../../generation/caller.ts";
import { SCOPES, type Scope } from "../../keys/caller.ts";
import { CommandError } from "../command-error.ts";

export type Flags = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

/** For `parseArgs()`. */
export const KEY_FLAGS = {
  scope: { type: "string", multiple: true },
  concurrent: { type: "string" },
  waiting: { type: "string" },
  "tokens-per-minute": { type: "string" },
  "tokens-per-day": { type: "string" },
  "tokens-per-month": { type: "string" },
} as const;

/** Removes a limit. */
const NONE = "none";
const MAX_COUNT = 1_000_000;
const MAX_TOKENS = 1_000_000_000;
const MAX_TOKENS_OF_LONG_PERIODS = 1_000_000_000_000;

/** The limits of the flags; a limit without a flag stays as it was. @throws CommandError */
export function limitsOf(flags: Flags, before: KeyLimits, action: string): KeyLimits {
  const given = (
    flag: keyof typeof KEY_FLAGS,
    old: number | null,
    [min, max]: [number, number],
  ) => {
    const text = flags[flag];
    if (text === undefined) return old;
    if (text === NONE) return null;
    const count = /^\d+$/.test(String(text)) ? Number(text) : Number.NaN;
    if (count >= min && count <= max) return count;
    throw new CommandError(
      `keys ${action}: --${flag} is ${JSON.stringify(text)}: allowed is an integer from ${min} to ${max}, or none`,
    );
  };
  return {
    concurrent: given("concurrent", before.concurrent, [1, MAX_COUNT]),
    waiting: given("waiting", before.waiting, [0, MAX_COUNT]),
    tokensPerMinute: given("tokens-per-minute", before.tokensPerMinute, [1, MAX_TOKENS]),
    tokensPerDay: given("tokens-per-day", before.tokensPerDay, [1, MAX_TOKENS_OF_LONG_PERIODS]),
    tokensPerMonth: given("tokens-per-month", before.tokensPerMonth, [
      1,
      MAX_TOKENS_OF_LONG_PERIODS,
    ]),
  };
}

/** The scopes of the flags, or else those before. @throws CommandError */
export function scopesOf(
  given: Flags[string],
  before: readonly Scope[],
  action: string,
): readonly Scope[] {
  if (given === undefined) return before;
  const names = [given].flat().flatMap((each) => String(each).split(","));
  return [...new Set(names)].map((name) => {
    const scope = SCOPES.find((each) => each === name.trim());
    if (scope) return scope;
    throw new CommandError(
      `keys ${action}: --scope is ${JSON.stringify(name)}: allowed is ${SCOPES.join(", ")}`,
    );
  });
}
