// Finds a program that tests need: on the PATH, or unpacked from Debian's package into a temporary folder. Installs nothing and
// starts no service.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import path from "node:path";

export type Wanted = {
  readonly name: string;
  /** Its path in the package. */
  readonly file: string;
  /** Prints the version, to check that the program runs. */
  readonly versionFlag: string;
  readonly folder: string;
};

/** Null, with a warning, if it is not available. */
export function findProgram({ name, file, versionFlag, folder }: Wanted): string | null {
  const runs = (program: string) => spawnSync(program, [versionFlag]).status === 0;
  if (runs(name)) return name;
  try {
    const unpacked = path.join(folder, "unpacked");
    mkdirSync(unpacked, { recursive: true });
    execFileSync("apt-get", ["download", name], { cwd: folder, stdio: "pipe", timeout: 60_000 });
    for (const each of readdirSync(folder).filter((entry) => entry.endsWith(".deb")))
      execFileSync("dpkg", ["-x", path.join(folder, each), unpacked], { stdio: "pipe" });
    const program = path.join(unpacked, file);
    if (runs(program)) return program;
    throw new Error("it does not run here");
  } catch (error) {
    console.warn(
      `SKIPPED: tests with ${name}, which is not there: ${(error as Error).message.split("\n")[0]}`,
    );
    return null;
  }
}
