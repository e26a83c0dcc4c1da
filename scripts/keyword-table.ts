// The keywords of JSON Schema that a grammar enforces, as the compiler's own table says, and the formats: for
// docs/api/structured-output.md.

import { KEYWORDS } from "../src/grammar/schema-keywords.ts";
import { FORMAT_NAMES } from "../src/grammar/text/format-patterns.ts";

const START = "<!-- written by npm run docs -->";
const END = "<!-- end of npm run docs -->";

/** The page with the table of this commit. @throws Error if the page has no place for it */
export function withKeywordTable(page: string): string {
  const [before, rest] = page.split(START);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`the page lacks ${START}`);
  return `${before}${START}\n\n${keywordTable()}\n\n${END}${after}`;
}

function keywordTable(): string {
  const cells = Object.entries(KEYWORDS).map(([keyword, effect]) => [`\`${keyword}\``, effect]);
  const rows = [["keyword", "what is generated"], ...cells];
  const [first = 0, second = 0] = [0, 1].map((column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const [head = "", ...body] = rows.map(
    ([keyword = "", effect = ""]) => `| ${keyword.padEnd(first)} | ${effect.padEnd(second)} |`,
  );
  const line = `| ${"-".repeat(first)} | ${"-".repeat(second)} |`;
  const formats = FORMAT_NAMES.toSorted().map((name) => `\`${name}\``);
  return [head, line, ...body, "", `Formats: ${formats.join(", ")}.`].join("\n");
}
