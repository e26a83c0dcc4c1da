// The browsers' programs: those of the machine, or of Debian's packages, which are installed where that is possible.

import { execFileSync, spawnSync } from "node:child_process";

const INSTALL_MS = 300_000;

/** Their paths, in this order. @throws Error with the reason, in one line, when one cannot be had */
export function programs<const Names extends readonly string[]>(
  names: Names,
  packages: readonly string[],
): { readonly [place in keyof Names]: string } {
  if (names.some((name) => pathOf(name) === null)) install(packages);
  return names.map((name) => {
    const found = pathOf(name);
    if (found === null)
      throw new Error(`there is no ${name}, although ${packages.join(" and ")} is installed`);
    return found;
  }) as { [place in keyof Names]: string }; // one for each name
}

function pathOf(name: string): string | null {
  const { status, stdout } = spawnSync("which", [name], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : null;
}

function install(packages: readonly string[]): void {
  console.log(`installing ${packages.join(", ")} ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const options = { stdio: "pipe", timeout: INSTALL_MS, env } as const;
  try {
    execFileSync("apt-get", ["update", "-q"], options);
    execFileSync("apt-get", ["install", "-qy", "--no-install-recommends", ...packages], options);
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    throw new Error(`${packages.join(", ")} cannot be installed: ${reason}`, { cause: error });
  }
}
