// Before any test: what is compiled (the workers, the command, the chat page) is as new as its source.

import { execFileSync } from "node:child_process";
import path from "node:path";

const SCRIPT = path.resolve(import.meta.dirname, "../../scripts/build-if-stale.mjs");

export default function build(): void {
  execFileSync(process.execPath, [SCRIPT], { stdio: "inherit" });
}
