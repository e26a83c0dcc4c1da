// Every metric that the alert rules and the dashboard name is at /metrics of a running server.

import { afterEach, expect, test } from "vitest";
import { dashboardFile } from "../../../scripts/monitoring/dashboard.ts";
import { rulesFile } from "../../../scripts/monitoring/rules-file.ts";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

let running: RunningService;
afterEach(async () => running.close());

function namesIn(file: string): string[] {
  return [...new Set(file.match(/\bsluice_\w+/g))].sort();
}

/** A histogram is three families of series. */
function namesServed(text: string): Set<string> {
  const types = [...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)];
  return new Set(
    types.flatMap(([, name = "", type]) =>
      type === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => name + end) : [name],
    ),
  );
}

test.each([
  ["the alert rules", rulesFile()],
  ["the dashboard", dashboardFile()],
])("%s name only metrics that the server has", async (_, file) => {
  running = await startWithFake();
  const served = namesServed(await (await fetch(`${running.url}/metrics`)).text());

  expect(namesIn(file).length).toBeGreaterThan(10);
  expect(namesIn(file).filter((name) => !served.has(name))).toEqual([]);
});
