// Every metric that the alert rules and the dashboard name is at /metrics of a running server, or of a gateway.

import { afterEach, expect, test } from "vitest";
import { dashboardFile } from "../../../scripts/monitoring/dashboard.ts";
import { rulesFile } from "../../../scripts/monitoring/rules-file.ts";
import { FakeLease } from "../../support/cluster/fake-lease.ts";
import { MemoryBus } from "../../support/cluster/memory-link.ts";
import { type RunningService, startGateway, startWithFake } from "../../support/start-service.ts";

let running: readonly RunningService[] = [];
afterEach(() => Promise.all(running.map((each) => each.close())));

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
  const gateway = { id: "g1", link: new MemoryBus().link(), lease: new FakeLease() };
  running = [await startWithFake(), await startGateway(gateway)];
  const texts = running.map(async ({ url }) => (await fetch(`${url}/metrics`)).text());
  const served = namesServed((await Promise.all(texts)).join("\n"));

  expect(namesIn(file).length).toBeGreaterThan(10);
  expect(namesIn(file).filter((name) => !served.has(name))).toEqual([]);
});
