// --metric-alias: which texts are accepted, and the lines that a scrape gets.

import { expect, test } from "vitest";
import { aliasLines, metricAliasProblem } from "../../../src/metrics/metric-alias.ts";

const QUEUE = "sluice_queue_length=vllm:num_requests_waiting";

test("a gauge may have several other names", () => {
  expect(metricAliasProblem([QUEUE, "sluice_queue_length = waiting"])).toBeNull();
});

test.each([
  ["sluice_queue_lenght=a", "did you mean sluice_queue_length?"],
  ["sluice_requests_total=a", "is no gauge"],
  ["queue", "is no gauge"],
  ["sluice_queue_length", '"" is no name of a metric'],
  ["sluice_queue_length=1st", "is no name of a metric"],
  ["sluice_queue_length=a=b", "is no name of a metric"],
  ["sluice_queue_length=sluice_waiting", "begins with sluice_"],
])("%j is refused", (text, why) => {
  expect(metricAliasProblem([text])).toContain(why);
});

test("two gauges cannot have the same name", () => {
  expect(metricAliasProblem([QUEUE, "sluice_slots_busy=vllm:num_requests_waiting"])).toContain(
    'two gauges would have the name "vllm:num_requests_waiting"',
  );
});

test("the lines of the gauge are repeated under the other name, those of similar names are not", () => {
  const scrape = [
    "# HELP sluice_queue_length Requests that wait, see sluice_queue_length",
    "# TYPE sluice_queue_length gauge",
    "sluice_queue_length 3",
    'sluice_queue_length{model="sluice_queue_length"} 2',
    "sluice_queue_length_other 1",
  ].join("\n");

  expect(aliasLines(scrape, [QUEUE]).split("\n")).toEqual([
    "# HELP vllm:num_requests_waiting Requests that wait, see sluice_queue_length",
    "# TYPE vllm:num_requests_waiting gauge",
    "vllm:num_requests_waiting 3",
    'vllm:num_requests_waiting{model="sluice_queue_length"} 2',
  ]);
});
