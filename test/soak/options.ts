// Options of `npm run soak`, `npm run abuse` and the scripts of run-rounds.ts.

import { parseArgs } from "node:util";

/** An error that the user can fix. */
export class OptionError extends Error {
  override readonly name = "OptionError";
}

export type Flag = { readonly default: number | null; readonly help: string };

/**
 * Reads flags whose values are whole numbers above 0.
 * @returns null if help is requested
 * @throws OptionError
 */
export function readNumbers<Name extends string>(
  args: readonly string[],
  flags: Readonly<Record<Name, Flag>>,
): Readonly<Record<Name, number | null>> | null {
  const names = Object.keys(flags) as Name[];
  const given = parse(args, names);
  if (given.help === true) return null;
  const entries = names.map((name) => {
    const text = given[name];
    return [name, text === undefined ? flags[name].default : numberOf(name, String(text))];
  });
  return Object.fromEntries(entries) as Record<Name, number | null>;
}

function parse(args: readonly string[], names: readonly string[]) {
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
  try {
    return parseArgs({
      args: [...args],
      options: { ...options, help: { type: "boolean" as const, short: "h" } },
    }).values as Readonly<Record<string, string | boolean | undefined>>;
  } catch (error) {
    throw new OptionError(`${(error as Error).message.split(/\. |\n/)[0]} (see --help)`);
  }
}

function numberOf(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text) && Number(text) > 0) return Number(text);
  throw new OptionError(`--${name} is ${text}; use a whole number above 0`);
}

/** Help text: one line per flag. */
export function describe(flags: Readonly<Record<string, Flag>>): string {
  const lines = Object.entries(flags).map(([name, flag]) => {
    const otherwise = flag.default === null ? "" : ` (default ${flag.default})`;
    return `  --${`${name} N`.padEnd(12)} ${flag.help}${otherwise}`;
  });
  return lines.join("\n");
}

/** The given seed, or a new one each time. */
export function seedOr(given: number | null): number {
  return given ?? (Date.now() % 1_000_000) + 1;
}
