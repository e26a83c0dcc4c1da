// --otlp-headers and --otlp-headers-file → the headers of each request to the collector.

import { readFileSync } from "node:fs";
import type { Config } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import { OTLP_HEADER } from "./settings/monitoring-settings.ts";

/** @throws ConfigError for a file that cannot be read, or a line that is no header; it never shows a line */
export function otlpHeaders({
  otlpHeaders: given,
  otlpHeadersFile: file,
}: Pick<Config, "otlpHeaders" | "otlpHeadersFile">): Readonly<Record<string, string>> {
  const lines = [...given, ...(file === undefined ? [] : linesOf(file))];
  return Object.fromEntries(lines.map(entryOf));
}

function linesOf(file: string): readonly string[] {
  const lines = textOf(file).split("\n");
  const wrong = lines.findIndex((line) => line.trim() !== "" && !OTLP_HEADER.test(line.trim()));
  if (wrong !== -1)
    throw new ConfigError(
      `--otlp-headers-file: ${file} has no header in line ${wrong + 1}; write NAME=VALUE`,
    );
  return lines.map((line) => line.trim()).filter((line) => line !== "");
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(`--otlp-headers-file: cannot read ${file}: ${code}`);
  }
}

function entryOf(line: string): readonly [string, string] {
  const [, name = "", value = ""] = OTLP_HEADER.exec(line) ?? [];
  return [name, value];
}
