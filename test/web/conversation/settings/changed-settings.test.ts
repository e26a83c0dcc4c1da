// Which settings of a chat the header names.

import { expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../../../src/web/conversation/conversation.ts";
import {
  changedSettings,
  isSameSettings,
} from "../../../../src/web/conversation/settings/changed-settings.ts";
import { settings } from "../samples.ts";

test("names each group of settings once, and not the model", () => {
  const given = settings({ model: "other", system: "Be brief", topK: 40, seed: 1, stop: ["x"] });

  expect(changedSettings(given)).toEqual(["system prompt", "stop strings", "sampling"]);
});

test("an absent setting and a text of spaces change nothing, but 0 does", () => {
  const { topK: _, ...old } = settings({ system: " \n" });

  expect(changedSettings(old)).toEqual([]);
  expect(isSameSettings(old, DEFAULT_SETTINGS)).toBe(true);
  expect(changedSettings({ ...old, temperature: 0 })).toEqual(["sampling"]);
});
