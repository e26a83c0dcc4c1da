// `sluice stop`: has a running server unload a model, which gives its memory back.

import { programName } from "./program-name.ts";
import { addressHelp } from "./server/call-server.ts";
import { readModelCommand } from "./server/model-command.ts";
import { changeModel } from "./server/served-models.ts";

/** @throws CommandError */
export async function runStop(
  args: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<void> {
  const program = programName(env);
  const command = readModelCommand(args, { name: "stop", env, program });
  if (!command) return console.log(helpText(program));
  const { id } = await changeModel({
    ...command,
    change: "unload",
    onWait: ({ busy = 0 }) =>
      console.error(
        `sluice: ${command.model} is unloaded when its ${busy} running requests have ended`,
      ),
  });
  console.log(`unloaded ${id}`);
}

function helpText(program: string): string {
  return `Have a running server unload a model. Its running requests may finish; the next request that names
it loads it again.

usage: ${program} stop NAME [options]

NAME is one that ${program} ps shows.

Options
${addressHelp()}
  --help      print this`;
}
