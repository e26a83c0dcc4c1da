// `sluice load`: has a running server load a model before the first request needs it.

import { programName } from "./program-name.ts";
import { addressHelp } from "./server/call-server.ts";
import { changeModel } from "./server/change-model.ts";
import { readModelCommand } from "./server/model-command.ts";
import { slotsText } from "./text/slots-text.ts";

/** @throws CommandError */
export async function runLoad(
  args: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<void> {
  const program = programName(env);
  const command = readModelCommand(args, { name: "load", env, program });
  if (!command) return console.log(helpText(program));
  const { id, meta } = await changeModel({
    ...command,
    change: "load",
    onWait: (text) => console.error(`sluice: ${text}`),
  });
  const duration = meta?.load_ms ? `, loaded in ${(meta.load_ms / 1000).toFixed(1)} s` : "";
  const context = meta?.n_ctx
    ? `, ${meta.n_ctx} tokens of context in ${slotsText(meta.slots ?? 1)}`
    : "";
  console.log(`${id} is ready${duration}${context}`);
}

function helpText(program: string): string {
  return `Have a running server load a model, and wait until it is ready.

usage: ${program} load NAME [options]

NAME is one that ${program} list shows with a state, or an alias of it. Other models
may be unloaded for it when their running requests have finished. Ctrl-C ends the command, but not a
load that has begun.

Options
${addressHelp()}
  --help      print this`;
}
