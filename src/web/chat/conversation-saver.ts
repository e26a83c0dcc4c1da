// Saves conversations: at once, or with a delay while an answer streams, so that not every token causes a write.

import type { Conversation } from "../conversation/conversation.ts";
import type { ConversationStorage } from "../conversation/storage.ts";

export type SaverOptions = {
  readonly storage: ConversationStorage;
  /** Returns the current state of a conversation; undefined if it was deleted. */
  readonly find: (id: string) => Conversation | undefined;
  /** Called after each save: with an error message, or null on success. */
  readonly onSaved: (problem: string | null) => void;
};

/** Delay between saves while an answer streams. */
const SAVE_MS = 400;

export class ConversationSaver {
  readonly #options: SaverOptions;
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(options: SaverOptions) {
    this.#options = options;
    addEventListener("pagehide", () => {
      for (const id of [...this.#timers.keys()]) this.save(id);
    });
  }

  saveSoon(id: string): void {
    if (this.#timers.has(id)) return;
    const timer = setTimeout(() => this.save(id), SAVE_MS);
    this.#timers.set(id, timer);
  }

  /** Does not save an empty conversation. */
  save(id: string): void {
    this.cancel(id);
    const { storage, find, onSaved } = this.#options;
    const conversation = find(id);
    if (!conversation || conversation.turns.length === 0) return;
    storage.save(conversation).then(
      () => onSaved(null),
      (error: Error) => onSaved(problemOf(error)),
    );
  }

  /** Cancels a delayed save. */
  cancel(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }
}

function problemOf({ name, message }: Error): string {
  return name === "QuotaExceededError"
    ? "the browser has no space left for this page. Delete old chats, or attach smaller files."
    : message;
}
