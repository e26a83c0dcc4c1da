// `sluice list`: the models in the folder, with their state if a server is running; or the catalog of short names.

import { DEFAULT_MODELS_DIR } from "../config/settings/model-settings.ts";
import { formatBytes } from "../models/download.ts";
import { listModelFolder, type ModelFolderEntry } from "../models/model-folder.ts";
import { CommandError } from "./command-error.ts";
import { programName } from "./program-name.ts";
import { readWords } from "./read-words.ts";
import { addressHelp, readAddress, type ServerAddress } from "./server/call-server.ts";
import { type ListedModel, servedModelsIfAny } from "./server/served-models.ts";
import { catalogTable } from "./text/catalog-table.ts";
import { relativeTime } from "./text/relative-time.ts";
import { asTable } from "./text/table.ts";

type ListOptions = {
  readonly dir: string;
  readonly isJson: boolean;
  readonly address: ServerAddress;
};

/** A file of the folder. */
type ListRow = ModelFolderEntry & {
  /** What the server says; null without a server, or if it does not offer the model. */
  readonly state: string | null;
};

/** @throws CommandError or ModelFolderError */
export async function runList(
  args: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<void> {
  const program = programName(env);
  const { values, positionals } = readWords(args, {
    name: "list",
    options: ["dir", "url", "key"],
    switches: ["catalog", "json"],
    program,
  });
  if (values.help) return console.log(helpText(program));
  if (positionals.length > 0)
    throw new CommandError(`list takes no name (see ${program} list --help)`);
  if (values.catalog) return console.log(catalogTable());
  const { dir = DEFAULT_MODELS_DIR, json: isJson = false } = values;
  await list({ dir, isJson, address: readAddress({ values, env, program }) });
}

async function list({ dir, isJson, address }: ListOptions): Promise<void> {
  const { models, unfinished } = listModelFolder(dir);
  const states = await statesOf(address);
  const rows = [...models, ...unfinished].map((entry) => ({
    ...entry,
    state: states.get(entry.name) ?? null,
  }));
  if (isJson) return console.log(JSON.stringify({ models: rows.map(jsonOf) }, null, 2));
  if (rows.length > 0) return console.log(listTable(rows, Date.now()));
  console.log(
    `there is no model in ${dir}; download one: ${address.program} pull qwen3:4b (all short names: ${address.program} list --catalog)`,
  );
}

/** Without a server there are none; a server that refuses is named, because its states are missing. */
async function statesOf(address: ServerAddress): Promise<ReadonlyMap<string, string>> {
  try {
    const models: readonly ListedModel[] = (await servedModelsIfAny(address)) ?? [];
    return new Map(models.map(({ id, meta }) => [id, meta?.state ?? "offered"]));
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    console.error(`sluice: the states are not known: ${error.message}`);
    return new Map();
  }
}

function listTable(rows: readonly ListRow[], nowMs: number): string {
  return asTable([
    ["NAME", "SIZE", "MODIFIED", "STATE"],
    ...rows.map(({ name, sizeBytes, modifiedAt, state, problem }) => [
      name,
      formatBytes(sizeBytes),
      relativeTime(modifiedAt.getTime(), nowMs),
      problem ?? state ?? "-",
    ]),
  ]);
}

function jsonOf({ name, file, sizeBytes, modifiedAt, state, problem }: ListRow) {
  return { name, file, size: sizeBytes, modified_at: modifiedAt, state, problem };
}

function helpText(program: string): string {
  return `List the models in a folder, and their state if a server is running.

usage: ${program} list [options]      (or: ${program} ls)
       ${program} list --catalog

STATE is what the server says of the model of that name: unloaded, loading, ready and so on; "-"
without a server, or if the server does not offer it. Files that cannot be used say why.

Options
  --dir FOLDER   the folder (default: ${DEFAULT_MODELS_DIR})
  --catalog      list the short names that ${program} pull knows instead
  --json         print one JSON object
${addressHelp(15)}
  --help         print this`;
}
