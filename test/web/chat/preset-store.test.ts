// The saved settings of a browser, and of its other tabs.

import { beforeEach, expect, test } from "vitest";
import { PresetStore } from "../../../src/web/chat/preset-store.ts";
import { DEFAULT_SETTINGS } from "../../../src/web/conversation/conversation.ts";
import { settings } from "../conversation/samples.ts";

const NAME = "sluice-presets";
const brief = settings({ system: "Be brief" });

beforeEach(() => localStorage.clear());

test("new chats start with the saved settings, until the original ones are restored", () => {
  const store = new PresetStore();
  expect(store.newSettings()).toEqual(DEFAULT_SETTINGS);

  store.setDefaults(settings({ model: "other", system: "Be brief" }));
  expect(new PresetStore().newSettings()).toEqual(brief);

  store.setDefaults(null);
  expect(new PresetStore().newSettings()).toEqual(DEFAULT_SETTINGS);
});

test("presets are renamed, deleted and kept for the next visit", () => {
  const store = new PresetStore();
  store.add("One", brief);
  store.add("Two", brief);
  const [one, two] = store.get().presets;
  store.rename(one?.id ?? "", "Three");
  store.remove(two?.id ?? "");

  const names = new PresetStore().get().presets.map(({ name }) => name);

  expect(names).toEqual(["Three"]);
});

test("a change in another tab is shown here", () => {
  const [here, other] = [new PresetStore(), new PresetStore()];
  let changes = 0;
  here.subscribe(() => changes++);

  other.add("One", brief);
  dispatchEvent(new StorageEvent("storage", { key: NAME }));

  expect(changes).toBe(1);
  expect(here.get().presets.map(({ name }) => name)).toEqual(["One"]);
});

test("presets of a newer version of the page are kept aside", () => {
  const newer = JSON.stringify({ format: NAME, version: 2, presets: [] });
  localStorage.setItem(NAME, newer);

  const store = new PresetStore();
  expect(store.get().presets).toEqual([]);
  store.add("One", brief);

  expect(localStorage.getItem(`${NAME}-unreadable`)).toBe(newer);
});
