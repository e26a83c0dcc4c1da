// Writes the results into docs/clients.md, between two markers. Rows of clients that were not run this time stay.

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "../examples/server.ts";
import { type ClientResult, STEPS } from "./client.ts";

const PAGE = path.join(ROOT, "docs/clients.md");
const BEGIN = "<!-- begin: written by npm run clients -->";
const END = "<!-- end -->";
const HEAD = ["client", "version", "date", ...STEPS, "notes"];

export function writeResults(results: readonly ClientResult[]): void {
  const page = readFileSync(PAGE, "utf8");
  const [before = "", rest = ""] = page.split(BEGIN);
  const [old = "", after = ""] = rest.split(END);
  const rows = new Map(rowsOf(old).map((row) => [row[0], row]));
  for (const result of results) rows.set(result.title, cellsOf(result));
  const sorted = [...rows.values()];
  writeFileSync(PAGE, `${before}${BEGIN}\n\n${tableOf([HEAD, ...sorted])}\n${END}${after}`);
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

function cellsOf({ title, version, date, steps, note }: ClientResult): string[] {
  const states = STEPS.map((step) => steps[step]?.state ?? "-");
  const notes = STEPS.map((step) => [step, steps[step]] as const)
    .filter(([, result]) => result !== undefined && result.note !== "")
    .map(([step, result]) => `${step}: ${firstLine(result?.note ?? "")}`);
  return [title, version, date, ...states, [note, ...notes].filter(Boolean).join("; ")];
}

function firstLine(text: string): string {
  const plain = (text.split("\n")[0] ?? "").replaceAll("|", "\\|").replaceAll(/[<>]/g, "");
  return plain.length > 160 ? `${plain.slice(0, 160)}...` : plain;
}

function tableOf(rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  const [head = [], ...body] = rows;
  return [head, head.map(() => "---"), ...body].map(line).join("");
}
