// Reads the words of a command that names one model of a running server: `load` and `stop`.

import { CommandError } from "../command-error.ts";
import { readWords } from "../read-words.ts";
import { readAddress, type ServerAddress } from "./call-server.ts";

type CommandFrame = {
  readonly name: string;
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly program: string;
};

type ModelCommand = { readonly model: string; readonly address: ServerAddress };

/** @returns undefined for --help. @throws CommandError */
export function readModelCommand(
  args: readonly string[],
  { name, env, program }: CommandFrame,
): ModelCommand | undefined {
  const { values, positionals } = readWords(args, { name, options: ["url", "key"], program });
  if (values.help) return undefined;
  const model = onlyName(positionals, { name, program });
  return { model, address: readAddress({ values, env, program }) };
}

/** @throws CommandError unless there is exactly one name */
export function onlyName(
  positionals: readonly string[],
  { name, program }: Pick<CommandFrame, "name" | "program">,
): string {
  const [model, ...others] = positionals;
  if (model && others.length === 0) return model;
  throw new CommandError(
    `${name} takes one model: ${program} ${name} NAME (see ${program} ${name} --help)`,
  );
}
