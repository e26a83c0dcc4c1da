// Times relative to now.

import { expect, test } from "vitest";
import { relativeTime } from "../../../../src/cli/text/relative-time.ts";

test.for([
  [-3 * 86_400, "3 days ago"],
  [-90, "1 minute ago"],
  [-0.2, "0 seconds ago"],
  [240, "in 4 minutes"],
  [7_200, "in 2 hours"],
  [-800 * 86_400, "2 years ago"],
] as const)("%i seconds from now is %j", ([seconds, text]) => {
  expect(relativeTime(1e12 + seconds * 1000, 1e12)).toBe(text);
});
