// Unsent messages: what a reload keeps, and when they are removed.

import { afterEach, expect, test, vi } from "vitest";
import { Drafts, draftKey, readyFiles } from "../../../src/web/chat/drafts.ts";
import { draftKeys } from "../../../src/web/chat/stored-drafts.ts";
import { conversation, question } from "../conversation/samples.ts";

const CHAT = conversation([question("Hi")], { id: "c1" });
const KEY = draftKey(CHAT);

afterEach(() => localStorage.clear());

/** As after a reload: everything that was to be saved is saved, and read again. */
function reloaded(): Drafts {
  dispatchEvent(new Event("pagehide"));
  return new Drafts();
}

test("the text survives a reload, and each chat has its own", () => {
  const drafts = new Drafts();
  drafts.setText(KEY, "Half a sen");
  drafts.setText(draftKey(conversation([])), "For a new chat");

  const after = reloaded();

  expect(after.get(KEY)).toEqual({ text: "Half a sen", files: [], problems: [] });
  expect(after.get(draftKey(conversation([], { id: "other" }))).text).toBe("For a new chat");
});

test("a reload loses the files, and says so", () => {
  new Drafts().attachPasted(KEY, "long");

  expect(reloaded().get(KEY).problems).toEqual([expect.stringContaining("“Pasted text”")]);
});

test("a sent draft, and that of a deleted chat, are removed from the browser", () => {
  const drafts = new Drafts();
  drafts.setText(KEY, "Sent");
  drafts.setText("c2", "Of a deleted chat");
  reloaded();
  expect(draftKeys()).toHaveLength(2);

  drafts.clear(KEY);
  expect(draftKeys()).toEqual(["c2"]);
  drafts.keepOnly([CHAT]);
  expect(draftKeys()).toEqual([]);
});

test("only the newest drafts are kept", () => {
  const drafts = new Drafts();
  vi.spyOn(Date, "now").mockImplementation(() => nowMs++);
  let nowMs = 1;
  for (let chat = 0; chat < 40; chat++) drafts.setText(`c${chat}`, "text");
  reloaded();
  vi.restoreAllMocks();

  expect(draftKeys()).toHaveLength(30);
  expect(draftKeys()).not.toContain("c0");
});

test("a file that cannot be attached is named with the reason; the others are attached", async () => {
  const drafts = new Drafts();
  await drafts.attach(KEY, [new File([Uint8Array.of(0, 1)], "a.bin"), new File(["text"], "b.txt")]);

  expect(drafts.get(KEY).problems).toEqual([
    expect.stringMatching(/^“a.bin” was not attached: it is not text/),
  ]);
  expect(readyFiles(drafts.get(KEY))).toEqual([{ name: "b.txt", text: "text" }]);
});

test("a pasted text can be put back into the message", () => {
  const drafts = new Drafts();
  drafts.setText(KEY, "See:");
  drafts.attachPasted(KEY, "long");
  const [file] = drafts.get(KEY).files;
  if (file) drafts.moveIntoText(KEY, file);

  expect(drafts.get(KEY)).toMatchObject({ text: "See:\nlong", files: [] });
});
