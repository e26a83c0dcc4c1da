// `sluice cache clear`: removes what the prefix cache has on disk.

import { readdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { isCacheFile } from "../generation/disk-cache-files.ts";
import { CommandError } from "./command-error.ts";
import { programName } from "./program-name.ts";
import { readWords } from "./read-words.ts";

/** @throws CommandError */
export async function runCache(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  console.log(cacheCommand(args, env));
}

/** @param args the words after `cache`. @returns the text to print. @throws CommandError */
export function cacheCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): string {
  const program = programName(env);
  const { values, positionals } = readWords(args, {
    name: "cache",
    options: ["cache-disk"],
    program,
  });
  if (values.help || positionals.length === 0) return helpText(program);
  const [action, ...others] = positionals;
  if (action !== "clear" || others.length > 0)
    throw new CommandError(
      `cache: the only action is clear: ${program} cache clear --cache-disk DIR (see ${program} cache --help)`,
    );
  const given = values["cache-disk"] ?? env.SLUICE_CACHE_DISK;
  if (!given) throw new CommandError("cache clear: name the folder with --cache-disk DIR");
  return clear(given.replace(/,[^,/\\]*$/, "")); // the server's setting ends in the size
}

function clear(folder: string): string {
  let [files, bytes] = [0, 0];
  for (const name of namesIn(folder)) {
    if (!isCacheFile(name)) continue;
    const file = path.join(folder, name);
    bytes += statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    rmSync(file, { force: true });
    files += 1;
  }
  return `removed ${files} ${files === 1 ? "file" : "files"} (${Math.round(bytes / 2 ** 20)} MiB) from ${folder}`;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new CommandError(
      `cache clear: cannot read ${folder}: ${(error as NodeJS.ErrnoException).code}`,
    );
  }
}

function helpText(program: string): string {
  return `usage: ${program} cache clear --cache-disk DIR

Removes the saved prompts of a server with --cache-disk. A running server reads those prompts again.
The key file stays.

  --cache-disk DIR   the folder (default: SLUICE_CACHE_DISK)
`;
}
