// The options of `npm run abuse`.

import { describe, OptionError, readNumbers, seedOr } from "../options.ts";

export type AbuseOptions = {
  readonly minutes: number;
  readonly seed: number;
  readonly abusers: number;
  readonly hasNginx: boolean;
  /** Runs only kinds of abuse whose name contains this text. */
  readonly only: string;
  /** Skips kinds whose name contains one of these texts. */
  readonly skipped: readonly string[];
};

const FLAGS = {
  minutes: {
    default: 15,
    help: "how long the abuse lasts; a quiet minute is added before and after it",
  },
  seed: { default: null, help: "repeat the choices of this seed (default: a new seed each time)" },
  abusers: { default: 12, help: "how many kinds of abuse run at a time" },
} as const;

export const HELP = `npm run abuse -- [options]

Starts the built server with the built-in model, API keys and TLS, and nginx in front of it. Three honest clients ask short
questions with known answers, first alone and then beside abusers, which do everything a client can do wrong: to the
protocol, to the server's memory, and to its queue. Half of them connect through nginx. The honest clients must get
complete answers in time, and the server must return to its initial state. Writes a report with a chart to
soak-results/, and exits with 1 if anything is wrong.

${describe(FLAGS)}
  --no-nginx     all clients connect to the server directly
  --only TEXT    run only kinds of abuse whose name contains this text
  --skip TEXT    skip kinds of abuse whose name contains this text; repeatable
  --list         print the names of all kinds of abuse`;

/** @returns null if help is requested. @throws OptionError */
export function readAbuseOptions(args: readonly string[]): AbuseOptions | null {
  const rest: string[] = [];
  const given = { only: "", skipped: [] as string[], hasNginx: true };
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? "";
    if (arg === "--no-nginx") given.hasNginx = false;
    else if (arg === "--only") given.only = textAfter(args, index++);
    else if (arg === "--skip") given.skipped.push(textAfter(args, index++));
    else rest.push(arg);
  }
  const numbers = readNumbers(rest, FLAGS);
  if (numbers === null) return null;
  const { minutes, seed, abusers } = numbers;
  return { ...given, minutes: minutes ?? 0, seed: seedOr(seed), abusers: abusers ?? 0 };
}

function textAfter(args: readonly string[], index: number): string {
  const text = args[index + 1];
  if (text) return text.toLowerCase();
  throw new OptionError(`${args[index]} needs a part of a name (see --help)`);
}
