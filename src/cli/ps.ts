// `sluice ps`: the models that a running server has in memory.

import { formatBytes } from "../models/download.ts";
import { CommandError } from "./command-error.ts";
import { programName } from "./program-name.ts";
import { readWords } from "./read-words.ts";
import { addressHelp, readAddress } from "./server/call-server.ts";
import {
  isLoaded,
  type ListedMeta,
  type ListedModel,
  servedModels,
  withoutAliases,
} from "./server/served-models.ts";
import { relativeTime } from "./text/relative-time.ts";
import { asTable } from "./text/table.ts";

/** @throws CommandError */
export async function runPs(
  args: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<void> {
  const program = programName(env);
  const { values, positionals } = readWords(args, {
    name: "ps",
    options: ["url", "key"],
    switches: ["json"],
    program,
  });
  if (values.help) return console.log(helpText(program));
  if (positionals.length > 0) throw new CommandError(`ps takes no name (see ${program} ps --help)`);
  const address = readAddress({ values, env, program });
  const loaded = withoutAliases(await servedModels(address)).filter(
    ({ meta }) => isLoaded(meta) || isLoaded(meta?.embeddings),
  );
  if (values.json) return console.log(JSON.stringify({ models: loaded }, null, 2));
  if (loaded.length > 0) return console.log(loadedTable(loaded, Date.now()));
  console.log(
    `no model is loaded at ${address.url}; a request loads the model that it names, and so does: ${program} load NAME`,
  );
}

/** One row for each process: a chat model may have a second one, for its embeddings. */
export function loadedTable(models: readonly ListedModel[], nowMs: number): string {
  return asTable([
    ["NAME", "STATE", "MEMORY", "CONTEXT", "BUSY", "UNTIL"],
    ...models.flatMap(({ id, meta = {} }) => [
      ...(isLoaded(meta) ? [modelRow(id, meta, nowMs)] : []),
      ...embeddingsRows(id, meta),
    ]),
  ]);
}

function modelRow(id: string, meta: ListedMeta, nowMs: number): readonly string[] {
  return [
    id,
    meta.state ?? "-",
    memoryText(meta),
    meta.n_ctx ? `${meta.n_ctx} x ${meta.slots ?? 1}` : "-",
    busyText(meta),
    untilText(meta, nowMs),
  ];
}

/** The server does not say more about this process. */
function embeddingsRows(id: string, { embeddings }: ListedMeta): readonly string[][] {
  if (!embeddings || !isLoaded(embeddings)) return [];
  return [[`${id} (embeddings)`, embeddings.state, memoryText(embeddings), "-", "-", "-"]];
}

function memoryText({ memory }: Pick<ListedMeta, "memory">): string {
  if (!memory) return "-";
  const { ram, vram } = memory;
  const texts = [
    ...(ram > 0 || vram === 0 ? [`${formatBytes(ram)} RAM`] : []),
    ...(vram > 0 ? [`${formatBytes(vram)} VRAM`] : []),
  ];
  return texts.join(" + ");
}

function busyText({ busy, waiting = 0 }: ListedMeta): string {
  if (busy === undefined) return "-";
  return waiting > 0 ? `${busy}, ${waiting} waiting` : String(busy);
}

function untilText({ pinned, unloads_at: unloadsAt }: ListedMeta, nowMs: number): string {
  if (pinned) return "pinned";
  return unloadsAt ? relativeTime(unloadsAt * 1000, nowMs) : "room is needed";
}

function helpText(program: string): string {
  return `List the models that a running server has in memory.

usage: ${program} ps [options]

CONTEXT is the tokens of one request times the number of slots. BUSY counts the running requests.
UNTIL is when an idle model is unloaded: in some minutes, or when room is needed for another model;
one that is "pinned" stays loaded. A row "NAME (embeddings)" is the process that computes the
embeddings of a chat model.

Options
  --json      print one JSON object, with the models as GET /v1/models lists them
${addressHelp()}
  --help      print this`;
}
