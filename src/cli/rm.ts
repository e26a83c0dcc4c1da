// `sluice rm`: deletes a model's files from the folder, through the server if one offers the model.

import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { DEFAULT_MODELS_DIR } from "../config/settings/model-settings.ts";
import { formatBytes } from "../models/download.ts";
import { deleteModel, findInModelFolder, listModelFolder } from "../models/model-folder.ts";
import { CommandError } from "./command-error.ts";
import { programName } from "./program-name.ts";
import { readWords } from "./read-words.ts";
import { addressHelp, askServer, readAddress, type ServerAddress } from "./server/call-server.ts";
import { onlyName } from "./server/model-command.ts";
import { servedModelsIfAny } from "./server/served-models.ts";

/** The server waits for the running requests of the model. */
const DELETE_TIMEOUT_MS = 600_000;

type RemoveOptions = {
  readonly model: string;
  readonly dir: string;
  /** Null for a folder that is not a server's. */
  readonly address: ServerAddress | null;
  readonly program: string;
  /** @returns whether to go on. @throws CommandError if nobody can be asked */
  readonly confirm: (question: string) => Promise<boolean>;
};

/** @throws CommandError or ModelFolderError */
export async function runRm(
  args: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<void> {
  const program = programName(env);
  const { values, positionals } = readWords(args, {
    name: "rm",
    options: ["dir", "url", "key"],
    switches: ["yes"],
    program,
  });
  if (values.help) return console.log(helpText(program));
  const usesServer = values.dir === undefined || values.url !== undefined;
  const removed = await removeModel({
    model: onlyName(positionals, { name: "rm", program }),
    dir: values.dir ?? DEFAULT_MODELS_DIR,
    address: usesServer ? readAddress({ values, env, program }) : null,
    program,
    confirm: values.yes ? async () => true : askUser,
  });
  console.log(removed);
}

/** @returns the text to print. @throws CommandError or ModelFolderError */
async function removeModel(options: RemoveOptions): Promise<string> {
  const { model, address } = options;
  const served = address && (await servedModelsIfAny(address));
  if (!address || !served?.some(({ id }) => id === model)) return removeFromFolder(options);
  if (!(await options.confirm(`remove ${model} from the server at ${address.url}?`)))
    return `kept ${model}`;
  await askServer(address, {
    method: "DELETE",
    path: `/v1/models/${encodeURIComponent(model)}`,
    timeoutMs: DELETE_TIMEOUT_MS,
  });
  return `removed ${model}`;
}

/** Only what the folder lists can be removed, so no name leads out of it. */
async function removeFromFolder(options: RemoveOptions): Promise<string> {
  const { model, dir, confirm } = options;
  const found = findInModelFolder(dir, model);
  if (found.length === 0) throw new CommandError(describeMissing(options));
  const bytes = formatBytes(found.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  if (!(await confirm(`remove ${model} (${bytes}) from ${dir}?`))) return `kept ${model}`;
  for (const entry of found) deleteModel(entry);
  return `removed ${model} (${bytes})`;
}

function describeMissing({ model, dir, program }: RemoveOptions): string {
  const { models, unfinished } = listModelFolder(dir);
  const names = [...models, ...unfinished].map(({ name }) => name).join(", ");
  const known = names ? `models: ${names}` : `it has no models (see ${program} list --help)`;
  return `there is no model ${JSON.stringify(model)} in ${dir}; ${known}`;
}

/** @throws CommandError without a terminal: a script must say --yes */
async function askUser(question: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new CommandError(`${question} There is no terminal to ask at: confirm with --yes`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = once(terminal, "close").then(() => "");
  try {
    const answer = await Promise.race([terminal.question(`${question} [y/N] `), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ABORT_ERR") return false; // Ctrl-C or Ctrl-D
    throw error;
  } finally {
    terminal.close();
  }
}

function helpText(program: string): string {
  return `Delete a model's files, all its parts and what an unfinished download left.

usage: ${program} rm NAME [options]

NAME is one that ${program} list shows. If a running server offers the model, the server unloads it
and deletes the files, which requires a key with scope admin where the server has keys.

Options
  --dir FOLDER  delete from this folder, without asking a server unless --url is given too
                (default: ${DEFAULT_MODELS_DIR})
  --yes         do not ask for confirmation; required where the input is not a terminal
${addressHelp(14)}
  --help        print this`;
}
