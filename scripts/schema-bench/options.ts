// The options of `npm run schema-bench`.

import { parseArgs } from "node:util";

/** An error that the user can fix. Its one-line message says what is wrong and what is allowed. */
export class OptionError extends Error {
  override readonly name = "OptionError";
}

export type SchemaBenchOptions = {
  /** Has one file NAME.jsonl for each set. */
  readonly folder: string;
  /** File for the counts; null for none. */
  readonly json: string | null;
  /** File for one JSON line per schema that does not pass; null for none. */
  readonly failures: string | null;
  /** Names of the sets to read; null for all. */
  readonly only: readonly string[] | null;
  /** Most schemas of each set. */
  readonly limit: number;
  /** Number of child processes. */
  readonly children: number;
  /** Time limit for one schema. */
  readonly limitMs: number;
  /** Whether objects may have members that their schema neither declares nor excludes, as JSON Schema says. */
  readonly isOpen: boolean;
};

const FLAGS = {
  json: { type: "string" },
  failures: { type: "string" },
  only: { type: "string" },
  limit: { type: "string" },
  children: { type: "string", default: "1" },
  seconds: { type: "string", default: "10" },
  closed: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

export const HELP = `npm run schema-bench -- FOLDER [options]

Compiles every schema of FOLDER/*.jsonl strictly and matches its instances, written as JSON.stringify() writes them,
against the grammar with llama.cpp's own matcher. Each line of a file is {"id", "schema", "tests": [{"valid", "data"}]}.
A schema passes if it compiles, every valid instance is accepted and every invalid one is rejected. The instances of
schemas that do not compile are not counted.

  --json FILE        write the counts to this file
  --failures FILE    write one JSON line for each schema that does not pass, with the reason
  --only A,B         read only A.jsonl and B.jsonl
  --limit N          read only the first N schemas of each file
  --closed           leave out members that a schema does not mention, as the server does without --open-objects
  --children N       child processes (default ${FLAGS.children.default})
  --seconds N        time limit for one schema (default ${FLAGS.seconds.default})`;

/** @returns null if help is requested. @throws OptionError */
export function readOptions(args: readonly string[]): SchemaBenchOptions | null {
  const { values, positionals } = parse(args);
  if (values.help) return null;
  const [folder, extra] = positionals;
  if (folder === undefined)
    throw new OptionError("give the folder of the *.jsonl files (see --help)");
  if (extra !== undefined) throw new OptionError(`unexpected argument ${extra} (see --help)`);
  return {
    folder,
    json: values.json ?? null,
    failures: values.failures ?? null,
    only: values.only?.split(",").map((name) => name.trim()) ?? null,
    limit: values.limit === undefined ? Number.POSITIVE_INFINITY : count("limit", values.limit),
    children: count("children", values.children),
    limitMs: count("seconds", values.seconds) * 1000,
    isOpen: !values.closed,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, allowPositionals: true });
  } catch (error) {
    throw new OptionError(`${(error as Error).message.split(/\. |\n/)[0]} (see --help)`);
  }
}

function count(flag: string, given: string): number {
  if (/^\d{1,6}$/.test(given) && Number(given) > 0) return Number(given);
  throw new OptionError(`--${flag} is ${given}; use a whole number from 1 to 999999`);
}
