// The example prompts of an empty chat: six for each model, with valid settings.

import { expect, test } from "vitest";
import { problemsOf } from "../../../src/web/conversation/settings.ts";
import { suggestionsFor } from "../../../src/web/conversation/suggestions.ts";
import { settings } from "./samples.ts";

test.each(["builtin", "other", null])("there are six different prompts for %s", (modelId) => {
  const given = suggestionsFor(modelId);

  expect(new Set(given.map(({ text }) => text)).size).toBe(6);
  expect(new Set(given.map(({ label }) => label)).size).toBe(6);
  expect(given.filter((each) => each.settings?.tools)).toHaveLength(1);
  for (const each of given) expect(problemsOf(settings(each.settings ?? {}))).toEqual({});
});

test("the built-in model has prompts of its own", () => {
  expect(suggestionsFor("builtin")).not.toEqual(suggestionsFor("other"));
});
