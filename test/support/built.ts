// Runs before all tests: rebuilds the workers, the command and the chat page if they are older than their source, and compiles
// the workers that the tests start.

import { execFileSync } from "node:child_process";
import path from "node:path";
import { bundlePrograms } from "./engines/bundled-programs.ts";
import { compileScriptedPrograms } from "./engines/scripted-programs.ts";

const SCRIPT = path.resolve(import.meta.dirname, "../../scripts/build-if-stale.mjs");

export default async function build(): Promise<void> {
  execFileSync(process.execPath, [SCRIPT], { stdio: "inherit" });
  await bundlePrograms();
  await compileScriptedPrograms();
}
