// Which key presses are shortcuts, on each system and keyboard.

import { expect, test } from "vitest";
import { keyNames, SHORTCUTS, shortcutOf } from "../../../src/web/view/shortcuts/shortcut-table.ts";

const PLAIN = { code: "", ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
type Press = Partial<typeof PLAIN> & { readonly key: string };

function idOf(press: Press, { isApple = false, isTyping = false } = {}) {
  return shortcutOf({ ...PLAIN, ...press }, { isApple, isTyping });
}

test("every listed shortcut works as it is listed", () => {
  for (const isApple of [false, true])
    for (const { id } of SHORTCUTS)
      for (const names of keyNames(id, isApple)) {
        const press = {
          key: names.at(-1) ?? "",
          ctrlKey: names.includes("Ctrl"),
          metaKey: names.includes("⌘"),
          shiftKey: names.includes("Shift") || names.includes("⇧"),
        };
        expect(idOf(press, { isApple }), names.join("+")).toBe(id);
      }
});

test("characters without Ctrl are text in a field, with it they are not", () => {
  expect(idOf({ key: "/" }, { isTyping: true })).toBeNull();
  expect(idOf({ key: "?", shiftKey: true }, { isTyping: true })).toBeNull();
  expect(idOf({ key: "k", ctrlKey: true }, { isTyping: true })).toBe("search");
  expect(idOf({ key: "Escape", shiftKey: true }, { isTyping: true })).toBe("write");
});

test("keyboards with Shift for a character, or with other letters, work too", () => {
  expect(idOf({ key: "/", shiftKey: true })).toBe("write");
  expect(idOf({ key: ":", code: "Semicolon", ctrlKey: true, shiftKey: true })).toBe("copy-answer");
  expect(idOf({ key: "Щ", code: "KeyO", ctrlKey: true, shiftKey: true })).toBe("new-chat");
});

test("other modifiers make it another key", () => {
  expect(idOf({ key: "o", ctrlKey: true })).toBeNull();
  expect(idOf({ key: "k", ctrlKey: true, altKey: true })).toBeNull();
  expect(idOf({ key: "k", ctrlKey: true }, { isApple: true })).toBeNull();
});
