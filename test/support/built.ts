// Runs before all tests: rebuilds the workers, the command and the chat page if they are older than their source.

import { execFileSync } from "node:child_process";
import path from "node:path";

const SCRIPT = path.resolve(import.meta.dirname, "../../scripts/build-if-stale.mjs");

export default function build(): void {
  execFileSync(process.execPath, [SCRIPT], { stdio: "inherit" });
}
