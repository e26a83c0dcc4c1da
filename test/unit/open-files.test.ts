// A low limit of open files is reported in one line before anything else can fail.

import { expect, test } from "vitest";
import { openFilesProblem } from "../../src/open-files.ts";

test.each([64, 255])("a limit of %i open files is too low", (allowed) => {
  expect(openFilesProblem(allowed)).toBe(
    `this process may open only ${allowed} files; raise the limit (ulimit -n) to at least 256, plus one for each client`,
  );
});

test.each([256, 1_048_576, null])(
  "a limit of %s open files is high enough or unknown",
  (allowed) => {
    expect(openFilesProblem(allowed)).toBe(null);
  },
);

test("the limit of the running process is high enough", () => {
  expect(openFilesProblem()).toBe(null);
});
