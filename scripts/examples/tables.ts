// Writes what a run has shown: the tested clients into docs/clients.md, the examples into examples/README.md.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { type Client, commandOf, type Example } from "./catalog.ts";
import { replaceMarked, tableOf } from "./marked-table.ts";
import { npmVersion, pipVersion } from "./packages.ts";
import { ROOT } from "./server.ts";

const CLIENTS_PAGE = path.join(ROOT, "docs/clients.md");
const EXAMPLES_README = path.join(ROOT, "examples/README.md");

const EXAMPLES_HEAD = `# Examples

Each example is one file. It runs against \`SLUICE_URL\` (default \`http://127.0.0.1:8080\`), and its first lines say how to
start it. It exits with 1 if what it shows did not happen. \`SLUICE_MODEL\` and \`SLUICE_API_KEY\` choose another model and a
key.

\`\`\`sh
npm start                                   # the server
cd examples && npm ci                       # in a second terminal: the packages for the JavaScript examples
pip install -r examples/requirements.txt    # the packages for the Python examples
npm run examples                            # from the project's folder: runs all of them, with a server of their own
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
  replaceMarked({ file: CLIENTS_PAGE, command: "npm run examples", text: clients });

  const shown = examples.flatMap(({ file, shows }) =>
    shows === undefined ? [] : [[`[${path.basename(file)}](${path.basename(file)})`, shows]],
  );
  writeFileSync(
    EXAMPLES_README,
    `${EXAMPLES_HEAD}\n${tableOf(["example", "what it shows"], shown)}`,
  );
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
