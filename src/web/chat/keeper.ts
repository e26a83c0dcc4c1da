// Writes conversations down: at once, or a little later while an answer comes, so that it is not written for every token.

import type { Conversation } from "../conversation/conversation.ts";
import type { ConversationStorage } from "../conversation/storage.ts";

export type KeeperOptions = {
  readonly storage: ConversationStorage;
  /** The conversation as it is by then; undefined if it was deleted. */
  readonly find: (id: string) => Conversation | undefined;
  /** Why the last one could not be written; null if it could. */
  readonly onSaved: (problem: string | null) => void;
};

/** While an answer comes it is written down this often. */
const SAVE_MS = 400;

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #waiting = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(options: KeeperOptions) {
    this.#options = options;
    addEventListener("pagehide", () => {
      for (const id of [...this.#waiting.keys()]) this.save(id);
    });
  }

  saveSoon(id: string): void {
    if (!this.#waiting.has(id))
      this.#waiting.set(
        id,
        setTimeout(() => this.save(id), SAVE_MS),
      );
  }

  /** Empty ones are not kept. */
  save(id: string): void {
    this.forget(id);
    const { storage, find, onSaved } = this.#options;
    const conversation = find(id);
    if (!conversation || conversation.turns.length === 0) return;
    storage.save(conversation).then(
      () => onSaved(null),
      (error: Error) => onSaved(error.message),
    );
  }

  /** It is not to be written any more. */
  forget(id: string): void {
    clearTimeout(this.#waiting.get(id));
    this.#waiting.delete(id);
  }
}
