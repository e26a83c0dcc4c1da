// Stored conversations: with several tabs, with newer versions of the page, and in browsers that block storage.

import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { openDB } from "idb";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  type ConversationStorage,
  openStorage,
  type StorageChange,
} from "../../../src/web/conversation/storage.ts";
import { answer, conversation, question } from "./samples.ts";

const opened: ConversationStorage[] = [];

async function open(): Promise<ConversationStorage> {
  const storage = await openStorage({ timeoutMs: 50 });
  opened.push(storage);
  return storage;
}

const sample = (id: string, updatedAtMs = 1) =>
  conversation([question("Hi"), answer("Hello")], { id, updatedAtMs });

beforeEach(() => vi.stubGlobal("indexedDB", new IDBFactory()));
afterEach(() => {
  for (const storage of opened.splice(0)) storage.close();
  vi.unstubAllGlobals();
});

test("saved conversations are restored when the page is opened again", async () => {
  const before = await open();
  await before.save(sample("one"));
  before.close();

  const storage = await open();

  expect(storage.isPersistent).toBe(true);
  expect(await storage.all()).toEqual([sample("one")]);
  expect(await storage.get("one")).toEqual(sample("one"));
});

test("the most recently changed conversations come first", async () => {
  const storage = await open();
  for (const [id, at] of [
    ["old", 1],
    ["new", 3],
    ["middle", 2],
  ] as const)
    await storage.save(sample(id, at));

  expect((await storage.all()).map(({ id }) => id)).toEqual(["new", "middle", "old"]);
});

test("saving again replaces a conversation, removing removes one, and clearing removes all", async () => {
  const storage = await open();
  await storage.save(sample("one", 1));
  await storage.save(sample("one", 2));
  await storage.save(sample("two"));
  expect(await storage.all()).toHaveLength(2);

  await storage.remove("one");
  expect(await storage.get("one")).toBeNull();

  await storage.clear();
  expect(await storage.all()).toEqual([]);
});

test("a conversation of a newer version is neither shown nor overwritten nor removed", async () => {
  const storage = await open();
  await storage.save(sample("ours"));
  const newer = { id: "theirs", version: 3, conversation: { shape: "unknown" } };
  const database = await openDB("sluice", 1);
  await database.put("conversations", newer);

  expect((await storage.all()).map(({ id }) => id)).toEqual(["ours"]);
  expect(await storage.get("theirs")).toBeNull();
  await expect(storage.save(sample("theirs"))).rejects.toThrow(/newer version/);
  await storage.remove("theirs");
  await storage.clear();

  expect(await database.getAll("conversations")).toEqual([newer]);
  database.close();
});

test("a conversation of version 1 is read as it is, and saved as version 2", async () => {
  const storage = await open();
  const database = await openDB("sluice", 1);
  await database.put("conversations", { id: "old", version: 1, conversation: sample("old") });

  expect(await storage.get("old")).toEqual(sample("old"));
  await storage.save(sample("old"));

  expect(await database.get("conversations", "old")).toMatchObject({ version: 2 });
  database.close();
});

test("a database of a newer version is not changed, and storage is not persistent", async () => {
  const database = await openDB("sluice", 2, {
    upgrade: (each) => void each.createObjectStore("theirs"),
  });

  const storage = await open();

  expect(storage.isPersistent).toBe(false);
  expect([...database.objectStoreNames]).toEqual(["theirs"]);
  database.close();
});

test("a newer page in another tab can upgrade the database while this one is open", async () => {
  const storage = await open();

  const database = await openDB("sluice", 2);

  expect(database.version).toBe(2);
  await expect(storage.save(sample("one"))).rejects.toThrow();
  database.close();
});

test("changes are reported to other tabs and not to the tab that made them", async () => {
  const [here, there] = [await open(), await open()];
  const [received, own]: StorageChange[][] = [[], []];
  here.onChange((change) => own?.push(change));
  there.onChange((change) => received?.push(change));

  await here.save(sample("one"));
  await here.remove("one");
  await here.clear();

  await expect
    .poll(() => received)
    .toEqual([{ type: "saved", id: "one" }, { type: "removed", id: "one" }, { type: "cleared" }]);
  expect(own).toEqual([]);
});

test("unknown messages, which another version of the page may send, are ignored", async () => {
  const storage = await open();
  const listener = vi.fn();
  storage.onChange(listener);
  const channel = new BroadcastChannel("sluice-conversations");

  for (const data of [null, "saved", { type: "merged" }, { type: "saved" }, { type: "cleared" }])
    channel.postMessage(data);

  await expect.poll(() => listener.mock.calls).toEqual([[{ type: "cleared" }]]);
  channel.close();
});

test.each([
  ["is missing", undefined],
  [
    "refuses access",
    {
      open: () => {
        throw new DOMException("no", "SecurityError");
      },
    },
  ],
  ["never answers", { open: () => new EventTarget() }],
])(
  "conversations are kept in memory if the browser's database %s, and storage is not persistent",
  async (_case, indexedDB) => {
    vi.stubGlobal("indexedDB", indexedDB);

    const storage = await open();
    await storage.save(sample("one"));
    await storage.save(sample("two", 2));
    await storage.remove("one");

    expect(storage.isPersistent).toBe(false);
    expect(await storage.all()).toEqual([sample("two", 2)]);
    await storage.clear();
    expect(await storage.get("two")).toBeNull();
  },
);
