// Reads the words after a command such as `pull`: its options, and the words that belong to no option.

import { parseArgs } from "node:util";
import { CommandError } from "./command-error.ts";

const TEXT = { type: "string" } as const;
const SWITCH = { type: "boolean" } as const;
const HELP = { type: "boolean", short: "h" } as const;

type CommandWords<N extends string, S extends string> = {
  readonly values: { readonly [name in N]?: string } & { readonly [name in S | "help"]?: boolean };
  readonly positionals: readonly string[];
};

type Command<N extends string, S extends string> = {
  readonly name: string;
  /** Names of the options with a text. */
  readonly options: readonly N[];
  /** Names of the options without a value, besides --help. */
  readonly switches?: readonly S[];
  /** The words that run sluice. */
  readonly program: string;
};

/** @throws CommandError for an unknown option, or for one without its value */
export function readWords<const N extends string, const S extends string = never>(
  args: readonly string[],
  { name, options, switches = [], program }: Command<N, S>,
): CommandWords<N, S> {
  const texts = Object.fromEntries(options.map((each) => [each, TEXT]));
  const flags = Object.fromEntries(switches.map((each) => [each, SWITCH]));
  try {
    return parseArgs({
      args: [...args],
      options: { ...texts, ...flags, help: HELP },
      allowPositionals: true,
    }) as CommandWords<N, S>; // the types of the options are lost in the objects above
  } catch (error) {
    const [message] = (error as Error).message.split(/\n|\. To specify/);
    throw new CommandError(`${message} (see ${program} ${name} --help)`);
  }
}
