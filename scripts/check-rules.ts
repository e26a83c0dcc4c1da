// Checks the alert rules with Prometheus' own tool, and runs their unit tests: `npm run rules-check`.

import { spawnSync } from "node:child_process";
import path from "node:path";

const ROOT = path.join(import.meta.dirname, "..");
const CHECKS = [
  ["check", "rules", "deploy/prometheus-rules.yml"],
  ["test", "rules", "scripts/monitoring/alerts.test.yml"],
];

const promtool = process.env.PROMTOOL ?? "promtool";
for (const args of CHECKS) {
  const { status, error } = spawnSync(promtool, args, { cwd: ROOT, stdio: "inherit" });
  if (error) {
    console.error(
      `NOTHING WAS CHECKED: ${promtool} cannot be run (${error.message}). It is in Debian's package prometheus; PROMTOOL=PATH names another place.`,
    );
    process.exit(1);
  }
  if (status !== 0) process.exitCode = 1;
}
