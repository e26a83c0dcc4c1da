// Times with units; sizes are in disk-cache.test.ts.

import { expect, test } from "vitest";
import { formatTime, parseTime } from "../../../../src/config/settings/units.ts";

test.each([
  ["600", 600_000],
  ["0.25", 250],
  ["250ms", 250],
  ["90s", 90_000],
  ["90 s", 90_000],
  ["10m", 600_000],
  [" 1.5h ", 5_400_000],
])("the time %j is %i ms", (text, ms) => {
  expect(parseTime(text)).toBe(ms);
});

test.each(["", "m", "-1", "1d", "1M", "1e3", "1m30s", "1,5s", ".5"])("%j is no time", (text) => {
  expect(parseTime(text)).toBeNull();
});

test.each(["2s", "90s", "4m", "10m", "1h", "36h", "250ms"])("writes %s as people do", (text) => {
  expect(formatTime(parseTime(text) ?? 0)).toBe(text);
});
