// `sluice stop`: has a running server unload a model, which gives its memory back.

import { programName } from "./program-name.ts";
import { addressHelp } from "./server/call-server.ts";
import { changeModel } from "./server/change-model.ts";
import { readModelCommand } from "./server/model-command.ts";
import { isLoaded, servedModels } from "./server/served-models.ts";

/** @throws CommandError */
export async function runStop(
  args: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<void> {
  const program = programName(env);
  const command = readModelCommand(args, { name: "stop", env, program });
  if (!command) return console.log(helpText(program));
  const before = await servedModels(command.address);
  const { id } = await changeModel({
    ...command,
    change: "unload",
    onWait: (text) => console.error(`sluice: ${text}`),
  });
  const known = before.find((each) => each.id === id)?.meta;
  const wasLoaded = !known || isLoaded(known) || isLoaded(known.embeddings);
  console.log(wasLoaded ? `unloaded ${id}` : `${id} was not loaded`);
}

function helpText(program: string): string {
  return `Have a running server unload a model. Its running requests may finish; the next request that names
it loads it again.

usage: ${program} stop NAME [options]

NAME is one that ${program} ps shows. If it has a process for embeddings, that is unloaded too.
Ctrl-C ends the command, but not the unloading: the server unloads the model even so.

Options
${addressHelp()}
  --help      print this`;
}
