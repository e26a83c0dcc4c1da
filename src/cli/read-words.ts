// Reads the words after a command such as `pull`: its options, all of them texts, and the words that belong to no option.

import { parseArgs } from "node:util";
import { CommandError } from "./command-error.ts";

const TEXT = { type: "string" } as const;
const HELP = { type: "boolean", short: "h" } as const;

type CommandWords<N extends string> = {
  readonly values: { readonly [name in N]?: string } & { readonly help?: boolean };
  readonly positionals: readonly string[];
};

type Command<N extends string> = {
  readonly name: string;
  /** Names of the options, besides --help. */
  readonly options: readonly N[];
  /** The words that run sluice. */
  readonly program: string;
};

/** @throws CommandError for an unknown option, or for one without its value */
export function readWords<const N extends string>(
  args: readonly string[],
  { name, options, program }: Command<N>,
): CommandWords<N> {
  const texts = Object.fromEntries(options.map((each) => [each, TEXT]));
  try {
    return parseArgs({
      args: [...args],
      options: { ...texts, help: HELP },
      allowPositionals: true,
    }) as CommandWords<N>; // the types of the options are lost in `texts`
  } catch (error) {
    const [message] = (error as Error).message.split(/\n|\. To specify/);
    throw new CommandError(`${message} (see ${program} ${name} --help)`);
  }
}
