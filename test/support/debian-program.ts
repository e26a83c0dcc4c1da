// A program that tests need and the machine may lack: taken from the PATH, or unpacked from Debian's package into a folder
// of the test's own. Nothing is installed, and no service started.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import path from "node:path";

export type Wanted = {
  readonly name: string;
  /** Where it is in its package. */
  readonly file: string;
  /** Prints its version, and proves that it runs. */
  readonly versionFlag: string;
  readonly folder: string;
};

/** Null, and said loudly, where it cannot be had. */
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
