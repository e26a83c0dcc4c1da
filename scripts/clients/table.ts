// Writes the results into docs/clients.md. Rows of clients that were not run this time stay.

import path from "node:path";
import { readMarked, replaceMarked, tableOf } from "../examples/marked-table.ts";
import { ROOT } from "../examples/server.ts";
import { type ClientResult, STEPS } from "./client.ts";

const PLACE = { file: path.join(ROOT, "docs/clients.md"), command: "npm run clients" };
const HEAD = ["client", "version", "date, model", ...STEPS, "notes"];
const MAX_NOTE = 140;

/** `order` has the titles of all clients. */
export function writeResults(results: readonly ClientResult[], order: readonly string[]): void {
  const rows = new Map(rowsOf(readMarked(PLACE)).map((row) => [row[0] ?? "", row]));
  for (const result of results) rows.set(result.title, cellsOf(result));
  const sorted = order.flatMap((title) => {
    const row = rows.get(title);
    return row ? [row] : [];
  });
  replaceMarked({ ...PLACE, text: tableOf(HEAD, sorted) });
}

function rowsOf(table: string): string[][] {
  return table
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

function cellsOf({ title, version, date, model, steps, note }: ClientResult): string[] {
  const states = STEPS.map((step) => steps[step]?.state ?? "-");
  const notes = STEPS.flatMap((step) => {
    const said = steps[step]?.note;
    return said ? [`${step}: ${shorten(said)}`] : [];
  });
  const when = version === "" ? "" : `${date}, ${model}`;
  return [title, version, when, ...states, [note, ...notes].filter(Boolean).join("; ")];
}

function shorten(text: string): string {
  const plain = text
    .replaceAll(/\s+/g, " ")
    .replaceAll("|", "\\|")
    .replaceAll(/[<>*`]/g, "");
  return plain.length > MAX_NOTE ? `${plain.slice(0, MAX_NOTE)}...` : plain;
}
