// Stores conversations in the browser's IndexedDB, or in memory where the browser refuses that (private windows).

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import { type Conversation, newestFirst } from "./conversation.ts";

/** A change made by another tab. `saved` carries only the id; `ConversationStorage.get` returns the new state. */
export type StorageChange =
  | { readonly type: "saved"; readonly id: string }
  | { readonly type: "removed"; readonly id: string }
  | { readonly type: "cleared" };

export interface ConversationStorage {
  /** False if conversations are lost when the page is closed. */
  readonly isPersistent: boolean;
  /** All conversations that this version of the page can read, newest first. */
  all(): Promise<readonly Conversation[]>;
  /** Null if the conversation does not exist or was saved by a newer version of the page. */
  get(id: string): Promise<Conversation | null>;
  /** Rejects if the browser has no space left. */
  save(conversation: Conversation): Promise<void>;
  remove(id: string): Promise<void>;
  clear(): Promise<void>;
  /** Reports changes made by other tabs, not by this one. */
  onChange(listener: (change: StorageChange) => void): void;
  close(): void;
}

export type StorageOptions = {
  /** How long the browser may take to open the database; some never finish. Default 4000. */
  readonly timeoutMs?: number;
};

const NAME = "sluice";
const STORE = "conversations";
/** Each tab announces its changes here, so that several open tabs stay in step. */
const CHANNEL = "sluice-conversations";
/** Schema version of the database. A new version adds a step to `upgrade`. */
const DATABASE_VERSION = 1;
/**
 * Schema version of a conversation. Newer conversations are neither read nor overwritten nor removed. Version 1 is the same without
 * versions of turns, so it is read as it is, and saved as version 2 with the next change.
 */
const RECORD_VERSION = 2;

type Stored = {
  readonly id: string;
  readonly version: number;
  readonly conversation: Conversation;
};
type Schema = DBSchema & { [STORE]: { key: string; value: Stored } };
type Database = IDBPDatabase<Schema>;

export async function openStorage({
  timeoutMs = 4000,
}: StorageOptions = {}): Promise<ConversationStorage> {
  try {
    return persistentStorage(await withTimeout(openDatabase(), timeoutMs));
  } catch {
    return memoryStorage(); // refused, or the database belongs to a newer version of the page
  }
}

async function openDatabase(): Promise<Database> {
  return openDB<Schema>(NAME, DATABASE_VERSION, {
    upgrade(database, oldVersion) {
      if (oldVersion < 1) database.createObjectStore(STORE, { keyPath: "id" });
    },
    // A newer page in another tab is waiting to upgrade. Close, so that it can; later saves here fail with an error.
    blocking(_current, _blocked, event) {
      if (event.target instanceof IDBDatabase) event.target.close();
    },
  });
}

/** Closes a database that opens after the timeout. */
async function withTimeout(opening: Promise<Database>, timeoutMs: number): Promise<Database> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`the database did not open within ${timeoutMs} ms`));
      opening.then((database) => database.close()).catch(() => {});
    }, timeoutMs);
  });
  return Promise.race([opening, late]).finally(() => clearTimeout(timer));
}

function persistentStorage(database: Database): ConversationStorage {
  const channel = new BroadcastChannel(CHANNEL);
  const announce = (change: StorageChange) => channel.postMessage(change);
  return {
    isPersistent: true,
    async all() {
      const stored = await database.getAll(STORE);
      return newestFirst(stored.filter(isReadable).map(({ conversation }) => conversation));
    },
    async get(id) {
      const stored = await database.get(STORE, id);
      return stored && isReadable(stored) ? stored.conversation : null;
    },
    async save(conversation) {
      const { id } = conversation;
      const isSaved = await change(database, id, (store) =>
        store.put({ id, version: RECORD_VERSION, conversation }),
      );
      if (!isSaved) throw new Error("this conversation was saved by a newer version of the page");
      announce({ type: "saved", id });
    },
    async remove(id) {
      if (await change(database, id, (store) => store.delete(id)))
        announce({ type: "removed", id });
    },
    async clear() {
      await removeAll(database);
      announce({ type: "cleared" });
    },
    onChange(listener) {
      channel.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
        if (isChange(data)) listener(data);
      });
    },
    close() {
      channel.close();
      database.close();
    },
  };
}

/** Checks the message, because the other tab may run another version of the page. */
function isChange(data: unknown): data is StorageChange {
  if (typeof data !== "object" || data === null || !("type" in data)) return false;
  if (data.type === "cleared") return true;
  const namesOne = data.type === "saved" || data.type === "removed";
  return namesOne && "id" in data && typeof data.id === "string";
}

function isReadable({ version }: Stored): boolean {
  return version <= RECORD_VERSION;
}

type Store = ReturnType<typeof writable>["store"];

function writable(database: Database) {
  return database.transaction(STORE, "readwrite");
}

/** @returns false, without a change, if the stored conversation has a newer version */
async function change(
  database: Database,
  id: string,
  effect: (store: Store) => Promise<unknown>,
): Promise<boolean> {
  const transaction = writable(database);
  const stored = await transaction.store.get(id);
  const isOurs = !stored || isReadable(stored);
  // Await both together, because a failed write also rejects `done`.
  await Promise.all([isOurs ? effect(transaction.store) : null, transaction.done]);
  return isOurs;
}

async function removeAll(database: Database): Promise<void> {
  const transaction = writable(database);
  const stored = await transaction.store.getAll();
  const removed = stored.filter(isReadable).map(({ id }) => transaction.store.delete(id));
  await Promise.all([...removed, transaction.done]);
}

function memoryStorage(): ConversationStorage {
  const conversations = new Map<string, Conversation>();
  return {
    isPersistent: false,
    all: async () => newestFirst([...conversations.values()]),
    get: async (id) => conversations.get(id) ?? null,
    save: async (conversation) => {
      conversations.set(conversation.id, conversation);
    },
    remove: async (id) => {
      conversations.delete(id);
    },
    clear: async () => conversations.clear(),
    onChange: () => {},
    close: () => conversations.clear(),
  };
}
