// The names that models were given while the server runs.

import { expect, test } from "vitest";
import { AddedNames } from "../../../../src/models/names/added-names.ts";

test("keeps the names of each model, and forgets those of models that are gone", () => {
  const names = new AddedNames();
  names.add("gpt-4o", "small");
  names.add("claude", "small");
  names.add("other", "large");

  expect([names.of("small"), names.of("large"), names.of("none")]).toEqual([
    ["gpt-4o", "claude"],
    ["other"],
    [],
  ]);

  names.keepOnly(["large"]);

  expect(names.all).toEqual(["other"]);
});

test("refuses a name when there are too many", () => {
  const names = new AddedNames();
  for (let count = 0; count < 64; count++) names.add(`name-${count}`, "small");

  expect(() => names.add("one-more", "small")).toThrow("64 names have been added");
  names.remove("name-0");
  names.add("one-more", "small");

  expect(names.all.at(-1)).toBe("one-more");
});
