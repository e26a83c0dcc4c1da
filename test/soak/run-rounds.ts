// What `npm run crash-rounds`, `swap-rounds` and `cluster-rounds` have in common: the flags, the seed, the faults, the exit code.

import { type Flag, OptionError, readNumbers, seedOr } from "./options.ts";

type RoundsOptions<Name extends string> = {
  /** The npm script, for error messages. */
  readonly name: string;
  readonly flags: Readonly<Record<Name | "seed", Flag>>;
  readonly help: string;
  /** @returns what went wrong */
  readonly run: (numbers: Readonly<Record<Name | "seed", number>>) => Promise<readonly string[]>;
  /** Faults that are printed (default: all). */
  readonly mostShown?: number;
};

/** Ends the process: with 1 if something went wrong. The programs that it has started end with it. */
export async function runRounds<Name extends string>(options: RoundsOptions<Name>): Promise<void> {
  const { name, flags, help, run, mostShown = Number.POSITIVE_INFINITY } = options;
  process.once("SIGINT", () => process.exit(130));
  try {
    const numbers = readNumbers(process.argv.slice(2), flags);
    if (numbers === null) return console.log(help);
    const seed = seedOr(numbers.seed);
    console.log(`seed ${seed}`);
    const given = Object.entries<number | null>(numbers).map(([flag, value]) => [flag, value ?? 0]);
    const faults = await run({ ...Object.fromEntries(given), seed });
    for (const fault of faults.slice(0, mostShown)) console.log(`- ${fault}`);
    process.exit(faults.length > 0 ? 1 : 0);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    console.error(`${name}: ${error.message}`);
    process.exit(1);
  }
}
