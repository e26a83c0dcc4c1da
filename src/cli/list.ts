// `sluice list`: the models in the folder and those of a running server, with their state; or the catalog of short names.

import { DEFAULT_MODELS_DIR } from "../config/settings/model-settings.ts";
import { formatBytes } from "../models/download.ts";
import { listModelFolder, type ModelFolderEntry } from "../models/model-folder.ts";
import { CommandError } from "./command-error.ts";
import { programName } from "./program-name.ts";
import { readWords } from "./read-words.ts";
import { addressHelp, readAddress, type ServerAddress } from "./server/call-server.ts";
import {
  type ListedMeta,
  type ListedModel,
  servedModelsIfAny,
  withoutAliases,
} from "./server/served-models.ts";
import { catalogTable } from "./text/catalog-table.ts";
import { relativeTime } from "./text/relative-time.ts";
import { asTable } from "./text/table.ts";

type ListOptions = {
  readonly dir: string;
  readonly isJson: boolean;
  readonly address: ServerAddress;
};

/** A file of the folder, or a model that only the server has, whose file is not known here. */
type ListRow = Pick<ModelFolderEntry, "name" | "problem"> & {
  readonly file: string | null;
  readonly sizeBytes: number | null;
  readonly modifiedAt: Date | null;
  /** What the server says; null without a server, or if it does not offer the model. */
  readonly state: string | null;
  /** Why the model failed. */
  readonly reason: string | null;
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
  const rows = listRows([...models, ...unfinished], await servedBy(address));
  if (isJson) return console.log(JSON.stringify({ models: rows.map(jsonOf) }, null, 2));
  if (rows.length > 0) return console.log(listTable(rows, Date.now()));
  console.log(
    `there is no model in ${dir}; download one: ${address.program} pull qwen3:4b (all short names: ${address.program} list --catalog)`,
  );
}

/** Without a server there are none; a server that refuses is named, because its models and states are missing. */
async function servedBy(address: ServerAddress): Promise<readonly ListedModel[]> {
  try {
    return (await servedModelsIfAny(address)) ?? [];
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    console.error(`sluice: the states are not known: ${error.message}`);
    return [];
  }
}

/** The files first, then the models that only the server has, such as those of its settings. */
function listRows(
  entries: readonly ModelFolderEntry[],
  served: readonly ListedModel[],
): readonly ListRow[] {
  const metas = new Map(served.map(({ id, meta }) => [id, meta ?? {}]));
  const names = new Set(entries.map(({ name }) => name));
  return [
    ...entries.map((entry) => ({ ...entry, ...stateOf(metas.get(entry.name)) })),
    ...withoutAliases(served)
      .filter(({ id }) => !names.has(id))
      .map(({ id, meta = {} }) => ({
        name: id,
        file: null,
        sizeBytes: meta.size ?? null,
        modifiedAt: null,
        problem: null,
        ...stateOf(meta),
      })),
  ];
}

/** @param meta undefined for a model that the server does not offer */
function stateOf(meta: ListedMeta | undefined): Pick<ListRow, "state" | "reason"> {
  if (!meta) return { state: null, reason: null };
  const { state = "offered", reason = null } = meta;
  return { state, reason };
}

function listTable(rows: readonly ListRow[], nowMs: number): string {
  return asTable([
    ["NAME", "SIZE", "MODIFIED", "STATE"],
    ...rows.map((row) => [
      row.name,
      row.sizeBytes === null ? "-" : formatBytes(row.sizeBytes),
      row.modifiedAt ? relativeTime(row.modifiedAt.getTime(), nowMs) : "-",
      row.problem ?? stateText(row),
    ]),
  ]);
}

function stateText({ state, reason }: ListRow): string {
  const [why] = (reason ?? "").split("\n");
  return state === "failed" && why ? `failed: ${why}` : (state ?? "-");
}

function jsonOf({ name, file, sizeBytes, modifiedAt, state, reason, problem }: ListRow) {
  return { name, file, size: sizeBytes, modified_at: modifiedAt, state, reason, problem };
}

function helpText(program: string): string {
  return `List the models in a folder and those of a running server, with their state.

usage: ${program} list [options]      (or: ${program} ls)
       ${program} list --catalog

STATE is what the server says of the model of that name: unloaded, loading, ready and so on; "-"
without a server, or if the server does not offer it. A model that has failed and a file that cannot
be used say why. A model that is not in the folder, such as one of the server's settings, has "-" as
its time; its aliases are not listed.

Options
  --dir FOLDER   the folder (default: ${DEFAULT_MODELS_DIR})
  --catalog      list the short names that ${program} pull knows instead
  --json         print one JSON object
${addressHelp(15)}
  --help         print this`;
}
