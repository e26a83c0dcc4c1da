// The alert rules and the dashboard of deploy/ are those of scripts/monitoring/, and fit the programs that read them.

import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { dashboardFile } from "../../../scripts/monitoring/dashboard.ts";
import { rulesFile } from "../../../scripts/monitoring/rules-file.ts";

const ROOT = path.join(import.meta.dirname, "../../..");
const deployed = (name: string) => readFileSync(path.join(ROOT, "deploy", name), "utf8");
const RUNBOOK = readFileSync(path.join(ROOT, "docs/runbook.md"), "utf8");

type Rule = {
  readonly alert: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
};
type DashboardPanel = { readonly id: number; readonly type: string; readonly title: string };

test("the files are up to date (npm run docs)", () => {
  expect(deployed("prometheus-rules.yml")).toBe(rulesFile());
  expect(deployed("grafana-dashboard.json")).toBe(dashboardFile());
});

test("every alert has a unique name, a severity, a summary and an anchor in the runbook", () => {
  const { groups } = parse(rulesFile()) as { groups: readonly { rules: readonly Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);

  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  expect(rules.length).toBeGreaterThan(10);
  for (const { alert, labels, annotations } of rules) {
    expect(["critical", "warning", "info"]).toContain(labels.severity);
    expect(annotations.summary).toMatch(/\.$/);
    expect(annotations.runbook).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
    expect(RUNBOOK).toContain(`\n### ${alert}\n`);
  }
});

test("the panels have unique ids and do not cover each other, and every variable is used", () => {
  const file = dashboardFile();
  const { panels, templating } = JSON.parse(file) as {
    panels: (DashboardPanel & { gridPos: { x: number; y: number; w: number } })[];
    templating: { list: { name: string }[] };
  };

  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const places = panels.map(({ gridPos: { x, y } }) => `${x} ${y}`);
  expect(new Set(places).size).toBe(places.length);
  expect(panels.filter(({ type }) => type === "row").map(({ title }) => title)).toEqual([
    ...["Traffic", "Latency", "Queue and slots", "Tokens and cache", "Memory", "Keys"],
    ...["Cluster", "Process"],
  ]);
  for (const { name } of templating.list) expect(file).toMatch(new RegExp(`\\$\\{?${name}\\b`));
});
