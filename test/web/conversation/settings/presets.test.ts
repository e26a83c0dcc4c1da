// Saved settings as JSON: what is read back, and what a file may not contain.

import { expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../../../src/web/conversation/conversation.ts";
import {
  presetOf,
  presetsFromJson,
  presetsToJson,
  type SavedSettings,
  withPreset,
} from "../../../../src/web/conversation/settings/presets.ts";
import { settings } from "../samples.ts";

const NOTHING: SavedSettings = { defaults: null, presets: [] };
const coder = settings({ model: "qwen", system: "You write code.", temperature: 0 });
const names = ({ presets }: SavedSettings) => presets.map(({ name }) => name);
const file = (presets: unknown, more: object = {}) =>
  JSON.stringify({ format: "sluice-presets", version: 1, defaults: null, presets, ...more });

test("are read back as they were written, without the model", () => {
  const saved = { ...withPreset(NOTHING, "Coder", coder), defaults: presetOf(coder) };

  const read = presetsFromJson(presetsToJson(saved));

  const { model: _, ...expected } = coder;
  expect(read.defaults).toEqual(expected);
  expect(read.presets.map(({ name, settings }) => ({ name, settings }))).toEqual([
    { name: "Coder", settings: expected },
  ]);
});

test("are sorted by name, and the same name replaces a preset", () => {
  const two = withPreset(withPreset(NOTHING, "b", coder), "a", coder);
  const replaced = withPreset(two, "b", settings({ seed: 7 }));

  expect(names(replaced)).toEqual(["a", "b"]);
  expect(replaced.presets[1]).toMatchObject({ id: two.presets[1]?.id, settings: { seed: 7 } });
});

test("have every setting, also those that the file lacks, and no others", () => {
  const { topK: _, model: __, ...old } = coder;
  const read = presetsFromJson(file([{ name: "Old", settings: { ...old, extra: "<script>" } }]));

  expect(Object.keys(read.presets[0]?.settings ?? {}).sort()).toEqual(
    Object.keys(DEFAULT_SETTINGS)
      .filter((name) => name !== "model")
      .sort(),
  );
});

test.each([
  ["{", /not valid JSON/],
  ["[]", /"format" is not "sluice-presets"/],
  [file([], { version: 2 }), /"version" is not 1/],
  [file({}), /no "presets" list/],
  [file([1]), /presets\[0\] is not an object/],
  [file([{ name: " ", settings: coder }]), /presets\[0\]\.name must have 1 to 80 characters/],
  [file([{ name: "a".repeat(81), settings: coder }]), /1 to 80 characters/],
  [file([{ name: "a" }]), /presets\[0\]\.settings: expected an object/],
  [file([{ name: "a", settings: { ...coder, stop: "x" } }]), /settings\.stop: expected a list/],
  [file([], { defaults: { ...coder, minP: "0" } }), /defaults\.minP: expected a number/],
  [file(Array.from({ length: 201 }, () => ({}))), /201 presets; at most 200/],
])("a file such as %j is refused", (text, problem) => {
  expect(() => presetsFromJson(text)).toThrow(problem);
});
