// The flags of `sluice keys` that say what a key may do: read by `add` for a new key, and by `set` for one that exists.

import type { KeyLimits } from "../../generation/caller.ts";
import { SCOPES, type Scope } from "../../keys/caller.ts";
import type { GroupEntry } from "../../keys/keys-file.ts";
import { isDay } from "../../keys/usage/utc-day.ts";
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
  expires: { type: "string" },
  models: { type: "string", multiple: true },
  group: { type: "string" },
} as const;

/** The flags of a group: those of the limits that its keys share. */
export const GROUP_FLAGS = {
  concurrent: { type: "string" },
  "tokens-per-minute": { type: "string" },
  "tokens-per-day": { type: "string" },
  "tokens-per-month": { type: "string" },
  remove: { type: "boolean" },
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

const DAY_MS = 86_400_000;
const END_OF_DAY = "T23:59:59.999Z";

/** The end of a day in UTC, or a number of days from now; null for a key that does not expire. @throws CommandError */
export function expiryOf(
  given: Flags[string],
  before: string | null,
  action: string,
): string | null {
  if (given === undefined) return before;
  const text = String(given);
  if (text === NONE) return null;
  const [, days] = /^([1-9]\d{0,4})d$/.exec(text) ?? [];
  if (days !== undefined) return new Date(Date.now() + Number(days) * DAY_MS).toISOString();
  const end = isDay(text) ? `${text}${END_OF_DAY}` : null;
  if (end !== null && Date.parse(end) > Date.now()) return end;
  throw new CommandError(
    `keys ${action}: --expires is ${JSON.stringify(text)}: allowed is a day that is not over, such as 2027-01-31, a number of days, such as 90d, or none`,
  );
}

/** The names of the models of the flags; null for all. @throws CommandError */
export function modelsOf(
  given: Flags[string],
  before: readonly string[] | null,
  action: string,
): string[] | null {
  if (given === undefined) return before && [...before];
  const names = [given].flat().flatMap((each) => String(each).split(","));
  const models = [...new Set(names.map((name) => name.trim()))];
  if (models.length === 1 && models[0] === NONE) return null;
  if (!models.includes("") && !models.includes(NONE)) return models;
  throw new CommandError(
    `keys ${action}: --models is ${JSON.stringify(String(given))}: allowed are names of models with commas between them, or none for no restriction`,
  );
}

/** @throws CommandError for a group that the file does not have */
export function groupOf(
  given: Flags[string],
  before: string | null,
  { groups, action }: { readonly groups: readonly GroupEntry[]; readonly action: string },
): string | null {
  if (given === undefined) return before;
  if (given === NONE) return null;
  const names = groups.map(({ name }) => name);
  if (names.includes(String(given))) return String(given);
  const known = names.join(", ") || "none";
  throw new CommandError(
    `keys ${action}: there is no group ${JSON.stringify(given)}; groups: ${known}; make one with sluice keys group NAME`,
  );
}
