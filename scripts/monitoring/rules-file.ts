// Writes deploy/prometheus-rules.yml. Called by write-docs.ts.

import { stringify } from "yaml";
import { ALERT_GROUPS, type Alert } from "./alerts.ts";

const HEADER = `# Alert rules for Prometheus. Written by \`npm run docs\` from scripts/monitoring/alerts.ts.
# Adapt the thresholds to your load. The job of the scrape configuration is \`sluice\`.
`;

export function rulesFile(): string {
  const groups = Object.entries(ALERT_GROUPS).map(([name, alerts]) => ({
    name,
    rules: alerts.map(ruleOf),
  }));
  return HEADER + stringify({ groups }, { lineWidth: 0 });
}

function ruleOf({ name, expr, holds, severity, summary }: Alert) {
  return {
    alert: name,
    expr,
    for: holds,
    labels: { severity },
    annotations: { summary, runbook: `docs/runbook.md#${name.toLowerCase()}` },
  };
}
