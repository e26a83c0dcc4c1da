// Finds the browsers' programs on the machine, or installs Debian packages if possible.

import { execFileSync, spawnSync } from "node:child_process";

const INSTALL_MS = 300_000;

/** Paths of the programs in this order. @throws Error with a one-line reason if one is not available */
export function findPrograms<const Names extends readonly string[]>(
  names: Names,
  packages: readonly string[],
): { readonly [place in keyof Names]: string } {
  if (names.some((name) => pathOf(name) === null)) install(packages);
  return names.map((name) => {
    const found = pathOf(name);
    if (found === null)
      throw new Error(`${name} was not found, although ${packages.join(" and ")} is installed`);
    return found;
  }) as { [place in keyof Names]: string }; // one path per name
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
