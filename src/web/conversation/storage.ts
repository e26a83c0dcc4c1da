// Where conversations are kept: this browser's IndexedDB, or only memory where it is refused (private windows).

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Conversation } from "./conversation.ts";
import { type Change, openNotices } from "./storage-notices.ts";

export interface ConversationStorage {
  /** Whether what is saved is still there when the page is opened again. */
  readonly isLasting: boolean;
  /** All that this version of the page can read, those changed last first. */
  all(): Promise<readonly Conversation[]>;
  /** Null when it is not there (any more), or of a newer version of the page. */
  get(id: string): Promise<Conversation | null>;
  /** Rejects when the browser has no room left. */
  save(conversation: Conversation): Promise<void>;
  remove(id: string): Promise<void>;
  clear(): Promise<void>;
  /**
   * Tells what other tabs have changed; this tab's own changes are not told.
   *
   * @returns ends it
   */
  onChange(listener: (change: Change) => void): () => void;
  close(): void;
}

export type StorageOptions = {
  /** So long the browser may take to open the database; some never do. Default 4000. */
  readonly timeoutMs?: number;
};

const NAME = "sluice";
const STORE = "conversations";
/** Shape of the database. A next version adds a step to `upgrade`. */
const DATABASE_VERSION = 1;
/** Shape of a conversation in it. Those of a newer one are neither read nor written nor removed. */
const RECORD_VERSION = 1;

type Kept = { readonly id: string; readonly version: number; readonly conversation: Conversation };
type Schema = DBSchema & { [STORE]: { key: string; value: Kept } };
type Database = IDBPDatabase<Schema>;

export async function openStorage({
  timeoutMs = 4000,
}: StorageOptions = {}): Promise<ConversationStorage> {
  try {
    return lastingStorage(await withinTime(openDatabase(), timeoutMs));
  } catch {
    return memoryStorage(); // refused, or of a newer version of the page: that one's are left alone
  }
}

async function openDatabase(): Promise<Database> {
  return openDB<Schema>(NAME, DATABASE_VERSION, {
    upgrade(database, oldVersion) {
      if (oldVersion < 1) database.createObjectStore(STORE, { keyPath: "id" });
    },
    // A newer page in another tab waits for this: it comes first, and whoever saves here later is told.
    blocking(_current, _blocked, event) {
      if (event.target instanceof IDBDatabase) event.target.close();
    },
  });
}

/** What opens too late is closed again. */
async function withinTime(opening: Promise<Database>, timeoutMs: number): Promise<Database> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`the database did not open within ${timeoutMs} ms`));
      opening.then((database) => database.close()).catch(() => {});
    }, timeoutMs);
  });
  return Promise.race([opening, late]).finally(() => clearTimeout(timer));
}

function lastingStorage(database: Database): ConversationStorage {
  const notices = openNotices();
  return {
    isLasting: true,
    async all() {
      const kept = await database.getAll(STORE);
      return newestFirst(kept.filter(isReadable).map(({ conversation }) => conversation));
    },
    async get(id) {
      const kept = await database.get(STORE, id);
      return kept && isReadable(kept) ? kept.conversation : null;
    },
    async save(conversation) {
      const { id } = conversation;
      const isSaved = await change(database, id, (store) =>
        store.put({ id, version: RECORD_VERSION, conversation }),
      );
      if (!isSaved) throw new Error("this conversation was saved by a newer version of the page");
      notices.tell({ type: "saved", id });
    },
    async remove(id) {
      if (await change(database, id, (store) => store.delete(id)))
        notices.tell({ type: "removed", id });
    },
    async clear() {
      await removeAll(database);
      notices.tell({ type: "cleared" });
    },
    onChange: notices.onChange,
    close() {
      notices.close();
      database.close();
    },
  };
}

function isReadable({ version }: Kept): boolean {
  return version <= RECORD_VERSION;
}

function newestFirst(conversations: readonly Conversation[]): readonly Conversation[] {
  return conversations.toSorted((one, other) => other.updatedAtMs - one.updatedAtMs);
}

type Store = ReturnType<typeof writable>["store"];

function writable(database: Database) {
  return database.transaction(STORE, "readwrite");
}

/** @returns false, with nothing done, if what is kept there is of a newer version */
async function change(
  database: Database,
  id: string,
  effect: (store: Store) => Promise<unknown>,
): Promise<boolean> {
  const transaction = writable(database);
  const kept = await transaction.store.get(id);
  const isOurs = !kept || isReadable(kept);
  // Both are waited for together: of a write that fails, the transaction's end fails too.
  await Promise.all([isOurs ? effect(transaction.store) : null, transaction.done]);
  return isOurs;
}

async function removeAll(database: Database): Promise<void> {
  const transaction = writable(database);
  const kept = await transaction.store.getAll();
  const removed = kept.filter(isReadable).map(({ id }) => transaction.store.delete(id));
  await Promise.all([...removed, transaction.done]);
}

function memoryStorage(): ConversationStorage {
  const kept = new Map<string, Conversation>();
  return {
    isLasting: false,
    all: async () => newestFirst([...kept.values()]),
    get: async (id) => kept.get(id) ?? null,
    save: async (conversation) => {
      kept.set(conversation.id, conversation);
    },
    remove: async (id) => {
      kept.delete(id);
    },
    clear: async () => kept.clear(),
    onChange: () => () => {},
    close: () => kept.clear(),
  };
}
