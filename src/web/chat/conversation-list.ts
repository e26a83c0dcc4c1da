// The conversations of the page and which one is shown: tells the views about changes, saves them, and applies those of other
// tabs. The chat store acts on it.

import { onFrames } from "../browser/frame-scheduler.ts";
import { Listeners } from "../browser/listeners.ts";
import { type ChatSettings, type Conversation, newestFirst } from "../conversation/conversation.ts";
import { newConversation } from "../conversation/edits.ts";
import type { ConversationStorage, StorageChange } from "../conversation/storage.ts";
import { ConversationSaver } from "./conversation-saver.ts";

export type ChatState = {
  /** Conversations with turns, newest first, and the current one even if it is empty. */
  readonly conversations: readonly Conversation[];
  readonly currentId: string;
  readonly hasLoaded: boolean;
  /** False if the browser stores nothing beyond a reload. */
  readonly isPersistent: boolean;
  /** Why the last change could not be saved; null if it was saved. */
  readonly saveProblem: string | null;
};

export type ListOptions = {
  readonly storage: ConversationStorage;
  /** The settings of a new conversation. */
  readonly newSettings: () => ChatSettings;
  /** Whether an answer of the conversation streams in this tab, which then ignores changes of other tabs. */
  readonly isAnswering: (conversationId: string) => boolean;
};

export class ConversationList {
  readonly #options: ListOptions;
  readonly #listeners = new Listeners();
  readonly #notifySoon = onFrames(() => this.#notify());
  readonly #saver: ConversationSaver;
  #state: ChatState;

  constructor(options: ListOptions) {
    this.#options = options;
    const { storage } = options;
    const first = newConversation({ nowMs: Date.now(), settings: options.newSettings() });
    this.#state = {
      conversations: [first],
      currentId: first.id,
      hasLoaded: false,
      isPersistent: storage.isPersistent,
      saveProblem: null,
    };
    this.#saver = new ConversationSaver({
      storage,
      find: (id) => this.find(id),
      onSaved: (saveProblem) => {
        if (this.#state.saveProblem !== saveProblem) this.#set({ saveProblem });
      },
    });
    storage.onChange((change) => void this.#applyOtherTab(change));
  }

  readonly subscribe = this.#listeners.subscribe;

  readonly get = (): ChatState => this.#state;

  find(id: string): Conversation | undefined {
    return this.#state.conversations.find((each) => each.id === id);
  }

  /**
   * @param choose which of the stored conversations is shown; null for the present one
   * @returns the stored conversations, newest first
   */
  async load(
    choose: (stored: readonly Conversation[]) => Conversation | null,
  ): Promise<readonly Conversation[]> {
    const stored = await this.#options.storage.all();
    const { conversations } = this.#state;
    const own = conversations.filter(
      ({ id, turns }) => turns.length > 0 && !stored.some((each) => each.id === id),
    );
    const empty = conversations.filter(({ turns }) => turns.length === 0);
    const current = choose(stored);
    this.#set({
      conversations: newestFirst([...own, ...stored, ...empty]),
      ...(current ? { currentId: current.id } : {}),
      hasLoaded: true,
    });
    return stored;
  }

  select(id: string): void {
    this.#set({ currentId: id });
  }

  /** Starts an empty conversation with the settings for new ones. */
  startNew(): void {
    const empty = this.#state.conversations.find(({ turns }) => turns.length === 0);
    const settings = this.#options.newSettings();
    const fresh = newConversation({ nowMs: Date.now(), settings });
    const others = this.#state.conversations.filter((each) => each !== empty);
    this.#set({ conversations: [fresh, ...others], currentId: fresh.id });
  }

  /** Adds conversations, except those that already exist. @returns how many were added */
  add(conversations: readonly Conversation[]): number {
    const known = new Set(this.#state.conversations.map(({ id }) => id));
    const fresh = conversations.filter(({ id }) => !known.has(id));
    this.#set({ conversations: newestFirst([...this.#state.conversations, ...fresh]) });
    for (const { id } of fresh) this.#saver.save(id);
    return fresh.length;
  }

  change(id: string, change: (before: Conversation, nowMs: number) => Conversation): void {
    const conversation = this.find(id);
    if (!conversation) return;
    this.#replace(change(conversation, Date.now()));
    this.#notify();
    this.#saver.save(id);
  }

  /** A change of an answer that streams: shown with the next frame, and saved a little later unless it is urgent. */
  changeOften(conversation: Conversation, isUrgent: boolean): void {
    this.#replace(conversation);
    this.#notifySoon();
    if (isUrgent) this.#saver.save(conversation.id);
    else this.#saver.saveSoon(conversation.id);
  }

  async remove(id: string): Promise<void> {
    this.#set({ conversations: this.#state.conversations.filter((each) => each.id !== id) });
    if (this.#state.currentId === id) this.startNew();
    this.#saver.cancel(id);
    await this.#options.storage.remove(id);
  }

  async removeAll(): Promise<void> {
    for (const { id } of this.#state.conversations) this.#saver.cancel(id);
    this.#set({ conversations: [] });
    this.startNew();
    await this.#options.storage.clear();
  }

  #replace(conversation: Conversation): void {
    const { conversations } = this.#state;
    const next = conversations.map((each) => (each.id === conversation.id ? conversation : each));
    this.#state = { ...this.#state, conversations: newestFirst(next) };
  }

  #set(change: Partial<ChatState>): void {
    this.#state = { ...this.#state, ...change };
    this.#notify();
  }

  #notify(): void {
    this.#listeners.notify();
  }

  /** Applies a change made by another tab, except to a conversation whose answer streams in this tab. */
  async #applyOtherTab(change: StorageChange): Promise<void> {
    const { storage, isAnswering } = this.#options;
    const isChanged = (id: string) => change.type === "cleared" || change.id === id;
    const saved = change.type === "saved" ? await storage.get(change.id) : null;
    const { conversations, currentId } = this.#state;
    const others = conversations.filter(
      ({ id, turns }) => isAnswering(id) || turns.length === 0 || !isChanged(id),
    );
    const isOwn = saved !== null && isAnswering(saved.id);
    this.#set({ conversations: newestFirst(saved && !isOwn ? [...others, saved] : others) });
    if (!this.find(currentId)) this.startNew();
  }
}
