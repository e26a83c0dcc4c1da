// Tables of Markdown, and the place of a page that a command writes: between two comments that name it.

import { readFileSync, writeFileSync } from "node:fs";

type MarkedText = {
  readonly file: string;
  /** The command that writes this place. */
  readonly command: string;
  readonly text: string;
};

/** @returns the text that a command wrote there. @throws Error where the page has no such place */
export function readMarked({ file, command }: Omit<MarkedText, "text">): string {
  return split(file, command).text;
}

export function replaceMarked({ file, command, text }: MarkedText): void {
  const { before, after } = split(file, command);
  writeFileSync(file, `${before}\n\n${text}\n${after}`);
}

function split(file: string, command: string) {
  const page = readFileSync(file, "utf8");
  const begin = `<!-- written by ${command} -->`;
  const end = `<!-- end of ${command} -->`;
  const [from, to] = [page.indexOf(begin) + begin.length, page.indexOf(end)];
  if (from < begin.length || to < from) throw new Error(`${file} has no place for ${command}`);
  return { before: page.slice(0, from), text: page.slice(from, to), after: page.slice(to) };
}

export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |\n`;
  const rule = widths.map((width) => "-".repeat(width));
  return [head, rule, ...rows].map(line).join("");
}
