// Writes what was proved: the table of clients into README.md, that of the examples into examples/README.md.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Client, commandOf, type Example } from "./catalog.ts";
import { npmVersion, pipVersion } from "./packages.ts";
import { ROOT } from "./server.ts";

const README = path.join(ROOT, "README.md");
const EXAMPLES_README = path.join(ROOT, "examples/README.md");
const CLIENTS = /(<!-- clients -->\n).*?(<!-- \/clients -->)/s;
const HEAD = `# Examples

Each is one file, works against \`SLUICE_URL\` (default \`http://127.0.0.1:8080\`), and says in its first lines how it is run. It exits with 1 when
what it shows did not happen. \`SLUICE_MODEL\` and \`SLUICE_API_KEY\` name another model, and a key.

\`\`\`sh
npm start                                   # the server
cd examples && npm ci                       # in another terminal: what the examples in JavaScript need
pip install -r examples/requirements.txt    # and those in Python
npm run examples                            # from the project's folder: all of them, against a server of their own
\`\`\`
`;

/** `python` has the packages. */
export function writeTables(examples: readonly Example[], python: string): void {
  const rows = examples.flatMap((example) =>
    example.client === undefined
      ? []
      : [[...clientCells(example.client, python), `\`${commandOf(example)}\``]],
  );
  const clients = tableOf(["client", "version tested", "what works", "command"], rows);
  const readme = readFileSync(README, "utf8");
  if (!CLIENTS.test(readme)) throw new Error("README.md has no place for the clients");
  writeFileSync(
    README,
    readme.replace(CLIENTS, (_all, before, after) => `${before}${clients}${after}`),
  );

  const shown = examples.flatMap(({ file, shows }) =>
    shows === undefined ? [] : [[`[${path.basename(file)}](${path.basename(file)})`, shows]],
  );
  writeFileSync(EXAMPLES_README, `${HEAD}\n${tableOf(["example", "what it shows"], shown)}`);
}

function clientCells({ name, npm, root, pip, program, works }: Client, python: string) {
  return [name, versionOf({ npm, root, pip, program }, python), works];
}

type Package = { [name in "npm" | "root" | "pip" | "program"]: string | undefined };

function versionOf({ npm, root, pip, program }: Package, python: string): string {
  if (npm !== undefined) return npmVersion(npm);
  if (root !== undefined) return npmVersion(root, ROOT);
  if (pip !== undefined) return pipVersion(python, pip);
  const said = program && execFileSync(program, ["--version"], { encoding: "utf8" });
  return /\d+(\.\d+)+/.exec(said ?? "")?.[0] ?? "";
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |\n`;
  const rule = widths.map((width) => "-".repeat(width));
  return [head, rule, ...rows].map(line).join("");
}
