// The examples' own packages: npm's beside them, Python's in a temporary folder that is kept for the next run.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ROOT } from "./server.ts";

const FOLDER = path.join(ROOT, "examples");
const INSTALL_MS = 600_000;

/** @returns whether they are there */
export function installNpmPackages(): boolean {
  const installed = changedAt(path.join(FOLDER, "node_modules/.package-lock.json"));
  if (installed >= changedAt(path.join(FOLDER, "package-lock.json"))) return true;
  console.log("npm ci in examples/ ...");
  return run("npm", ["ci", "--no-audit", "--no-fund"]);
}

/** @returns the Python that has the packages; null, and said loudly, where they cannot be had */
export function installPipPackages(): string | null {
  const requirements = readFileSync(path.join(FOLDER, "requirements.txt"));
  const hash = createHash("sha256").update(requirements).digest("hex").slice(0, 12);
  const folder = path.join(tmpdir(), `sluice-examples-${hash}`);
  const python = path.join(folder, "bin/python");
  const isComplete = path.join(folder, "complete");
  if (existsSync(isComplete)) return python;
  console.log(`pip install into ${folder} ...`);
  rmSync(folder, { recursive: true, force: true });
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  if (!run("python3", ["-m", "venv", folder])) return null;
  if (!run(python, [...pip, "-r", "requirements.txt"])) return null;
  writeFileSync(isComplete, "");
  return python;
}

export function npmVersion(name: string, folder = FOLDER): string {
  const file = path.join(folder, "node_modules", name, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

export function pipVersion(python: string, name: string): string {
  const code = `from importlib.metadata import version; print(version("${name}"))`;
  return spawnSync(python, ["-c", code], { encoding: "utf8" }).stdout.trim();
}

function changedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function run(command: string, args: readonly string[]): boolean {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    ...{ cwd: FOLDER, encoding: "utf8", timeout: INSTALL_MS },
  });
  if (status === 0) return true;
  const reason = error?.message ?? `${stdout}${stderr}`.trim().split("\n").slice(-3).join("\n");
  console.warn(`\nNOT TO BE HAD: ${command} ${args.join(" ")}\n${reason}\n`);
  return false;
}
