// Which progress events are told.

import { expect, test } from "vitest";
import { ProgressSteps } from "../../../src/models/progress-steps.ts";

test("tells the first event, each percent, and one every half second", () => {
  const steps = new ProgressSteps();
  const events = [
    [0, 0],
    [5, 1],
    [10, 2],
    [11, 400],
    [12, 502],
    [12, 900],
  ] as const;

  expect(events.map(([bytes, atMs]) => steps.isDue(bytes, 1000, atMs))).toEqual([
    ...[true, false, true, false, true, false],
  ]);
});

test("tells one every half second when the size is not known", () => {
  const steps = new ProgressSteps();

  expect([0, 100, 500, 900, 1000].map((atMs) => steps.isDue(atMs, 0, atMs))).toEqual([
    ...[true, false, true, false, true],
  ]);
});
