// Too few open files: one line says so before anything else can fail of it.

import { expect, test } from "vitest";
import { openFilesProblem } from "../../src/open-files.ts";

test.each([64, 255])("%i are too few", (allowed) => {
  expect(openFilesProblem(allowed)).toBe(
    `this process may have ${allowed} files open: allow it 256 or more (ulimit -n), and one more for each client`,
  );
});

test.each([256, 1_048_576, null])("%s are enough, or not known", (allowed) => {
  expect(openFilesProblem(allowed)).toBe(null);
});

test("knows the limit of this process, which runs", () => {
  expect(openFilesProblem()).toBe(null);
});
