// Reads the sets of schemas: one file NAME.jsonl each, one schema with its instances a line.

import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { OptionError } from "./options.ts";

export type SchemaTest = { readonly valid: boolean; readonly data: unknown };

/** The JSON of one line. */
export type SchemaCase = {
  readonly id: string;
  readonly schema: unknown;
  readonly tests: readonly SchemaTest[];
};

export type SetLine = {
  readonly set: string;
  readonly id: string;
  /** The JSON of a SchemaCase. */
  readonly line: string;
};

type SetSelection = {
  /** Names of the sets; null for all. */
  readonly only: readonly string[] | null;
  /** Most schemas of each set. */
  readonly limit: number;
};

/** The lines of all sets, sorted by the name of the set. @throws OptionError if there is no set, no set of a given name, or a line is not of the form */
export function readSets(folder: string, { only, limit }: SetSelection): readonly SetLine[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new OptionError(`there is no folder ${folder}`);
  const names = readdirSync(folder)
    .filter((file) => file.endsWith(".jsonl"))
    .map((file) => file.slice(0, -".jsonl".length))
    .sort();
  if (names.length === 0) throw new OptionError(`the folder ${folder} has no *.jsonl files`);
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new OptionError(`--only: there is no set ${unknown}; use some of ${names.join(", ")}`);
  return names
    .filter((name) => only === null || only.includes(name))
    .flatMap((name) =>
      readLines(readFileSync(path.join(folder, `${name}.jsonl`), "utf8"), { name, limit }),
    );
}

/** Empty lines are skipped. @throws OptionError that names the line */
export function readLines(
  text: string,
  { name, limit }: { readonly name: string; readonly limit: number },
): readonly SetLine[] {
  const found: SetLine[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "" || found.length >= limit) continue;
    found.push({ set: name, id: idOf(line, `${name}.jsonl, line ${index + 1}`), line });
  }
  return found;
}

function idOf(line: string, place: string): string {
  try {
    const read = JSON.parse(line) as Partial<SchemaCase> | null;
    const hasForm =
      typeof read?.id === "string" &&
      read.schema !== undefined &&
      Array.isArray(read.tests) &&
      read.tests.every((test) => typeof test?.valid === "boolean" && test.data !== undefined);
    if (hasForm) return read.id ?? "";
  } catch {
    // the error below names the line
  }
  throw new OptionError(`${place} must be {"id", "schema", "tests": [{"valid", "data"}]}`);
}
