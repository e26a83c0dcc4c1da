// The state of the page: all conversations and the actions on them. The views read and call it; it knows no view.

import { onFrames } from "../browser/frame-scheduler.ts";
import type { Server } from "../client/server.ts";
import { failure } from "../client/server-error.ts";
import {
  type ChatAnswer,
  type ChatSettings,
  type ChatToolCall,
  type Conversation,
  hasEnded,
  hasRunningAnswer,
  newestFirst,
  type RequestFailure,
} from "../conversation/conversation.ts";
import * as edits from "../conversation/edits.ts";
import { newId } from "../conversation/ids.ts";
import { streamedBody } from "../conversation/request-body.ts";
import type { ConversationStorage, StorageChange } from "../conversation/storage.ts";
import { failed, newAnswer, reopened } from "./answer.ts";
import { ConversationSaver } from "./conversation-saver.ts";
import { type AnswerReference, RunningAnswers } from "./running-answers.ts";
import { pendingToolCalls, trimmedToFit } from "./turns.ts";

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

export class ChatStore {
  readonly #server: Server;
  readonly #storage: ConversationStorage;
  readonly #answers: RunningAnswers;
  readonly #listeners = new Set<() => void>();
  readonly #notifySoon = onFrames(() => this.#notify());
  readonly #saver: ConversationSaver;
  #state: ChatState;

  constructor(server: Server, storage: ConversationStorage) {
    this.#server = server;
    this.#storage = storage;
    this.#answers = new RunningAnswers(server, (reference, change, isFinal) =>
      this.#changeAnswer(reference, change, isFinal),
    );
    const first = edits.newConversation({ nowMs: Date.now() });
    this.#state = {
      conversations: [first],
      currentId: first.id,
      hasLoaded: false,
      isPersistent: storage.isPersistent,
      saveProblem: null,
    };
    this.#saver = new ConversationSaver({
      storage,
      find: (id) => this.#find(id),
      onSaved: (saveProblem) => {
        if (this.#state.saveProblem !== saveProblem) this.#set({ saveProblem });
      },
    });
    storage.onChange((change) => void this.#applyOtherTab(change));
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly get = (): ChatState => this.#state;

  /** Loads the stored conversations and continues answers that a reload interrupted. */
  async load(): Promise<void> {
    const stored = await this.#storage.all(); // newest first
    const { conversations } = this.#state;
    const own = conversations.filter(
      ({ id, turns }) => turns.length > 0 && !stored.some((each) => each.id === id),
    );
    const [latest] = stored;
    const open = stored.find(({ id }) => id === location.hash.slice(1));
    const current = open ?? (latest && hasRunningAnswer(latest) ? latest : null);
    const empty = conversations.filter(({ turns }) => turns.length === 0);
    this.#set({
      conversations: newestFirst([...own, ...stored, ...empty]),
      ...(current ? { currentId: current.id } : {}),
      hasLoaded: true,
    });
    for (const conversation of stored) this.#resume(conversation);
  }

  isAnswering(conversationId: string): boolean {
    return this.#answers.has(conversationId);
  }

  select(id: string): void {
    this.#set({ currentId: id });
  }

  /** Starts an empty conversation with default settings. */
  startNew(): void {
    const empty = this.#state.conversations.find(({ turns }) => turns.length === 0);
    const fresh = edits.newConversation({ nowMs: Date.now() });
    const others = this.#state.conversations.filter((each) => each !== empty);
    this.#set({ conversations: [fresh, ...others], currentId: fresh.id });
  }

  rename(id: string, title: string): void {
    this.#change(id, (before, nowMs) => edits.rename(before, { title, nowMs }));
  }

  async remove(id: string): Promise<void> {
    this.stop(id);
    this.#set({ conversations: this.#state.conversations.filter((each) => each.id !== id) });
    if (this.#state.currentId === id) this.startNew();
    this.#saver.cancel(id);
    await this.#storage.remove(id);
  }

  async removeAll(): Promise<void> {
    for (const { id } of this.#state.conversations) {
      this.stop(id);
      this.#saver.cancel(id);
    }
    this.#set({ conversations: [] });
    this.startNew();
    await this.#storage.clear();
  }

  /** Adds conversations from a file, except those that already exist. @returns how many were added */
  add(conversations: readonly Conversation[]): number {
    const known = new Set(this.#state.conversations.map(({ id }) => id));
    const fresh = conversations.filter(({ id }) => !known.has(id));
    this.#set({ conversations: newestFirst([...this.#state.conversations, ...fresh]) });
    for (const { id } of fresh) this.#saver.save(id);
    return fresh.length;
  }

  changeSettings(id: string, settings: Partial<ChatSettings>): void {
    this.#change(id, (before, nowMs) => edits.putSettings(before, { settings, nowMs }));
  }

  ask(id: string, text: string): void {
    this.#change(id, (before, nowMs) => edits.addQuestion(before, { text, nowMs }));
    this.#answer(id);
  }

  /** Replaces a question, removes every later turn and requests a new answer. */
  edit(id: string, questionId: string, text: string): void {
    this.stop(id);
    this.#change(id, (before, nowMs) => edits.replaceQuestion(before, { questionId, text, nowMs }));
    this.#answer(id);
  }

  /** Removes an answer and every later turn, and requests a new answer. */
  regenerate(id: string, answerId: string): void {
    this.stop(id);
    this.#change(id, (before, nowMs) => edits.cutFrom(before, { turnId: answerId, nowMs }));
    this.#answer(id);
  }

  /** Continues the last answer after it was stopped, failed, or reached the token limit. */
  continue(id: string, answerId: string): void {
    const conversation = this.#find(id);
    if (!conversation || this.isAnswering(id)) return;
    const reference = { conversationId: id, answerId };
    this.#changeAnswer(reference, (answer) => reopened(answer, Date.now()), false);
    this.#read(reference, conversation);
  }

  /** Adds a tool result. Requests the next answer once every tool call has a result. */
  addToolResult(id: string, call: ChatToolCall, text: string): void {
    this.#change(id, (before, nowMs) => edits.putToolResult(before, { call, text, nowMs }));
    const conversation = this.#find(id);
    if (conversation && pendingToolCalls(conversation).length === 0) this.#answer(id);
  }

  stop(id: string): void {
    const answer = this.#find(id)?.turns.findLast((turn) => turn.kind === "answer");
    if (answer) this.#answers.stop(id, answer);
  }

  /** Omits the oldest turns until the rest fits the context. @returns false if nothing more can be omitted */
  async omitOldest(id: string): Promise<boolean> {
    const before = this.#find(id);
    if (!before) return false;
    const after = await trimmedToFit(before, this.#server);
    this.#change(id, () => after);
    return after !== before;
  }

  restoreOmitted(id: string): void {
    this.#change(id, edits.restoreOmitted);
  }

  /** Requests an answer to the current turns. */
  #answer(id: string): void {
    const conversation = this.#find(id);
    if (!conversation || this.isAnswering(id)) return;
    const answer = newAnswer(newId(), Date.now());
    this.#change(id, (before, nowMs) => edits.addAnswer(before, { answer, nowMs }));
    this.#read({ conversationId: id, answerId: answer.id }, conversation);
  }

  #read(reference: AnswerReference, conversation: Conversation): void {
    try {
      const body = streamedBody(conversation);
      void this.#answers.read(reference, { body, requestId: newId() });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#fail(reference, failure("invalid_settings", message));
    }
  }

  #resume(conversation: Conversation): void {
    const answer = conversation.turns.findLast((turn) => turn.kind === "answer");
    if (!answer || hasEnded(answer) || this.isAnswering(conversation.id)) return;
    const reference = { conversationId: conversation.id, answerId: answer.id };
    const closed = "The page was closed before the answer started.";
    if (answer.stream) void this.#answers.read(reference, { position: answer.stream });
    else this.#fail(reference, failure("connection_lost", closed));
  }

  #fail(reference: AnswerReference, why: RequestFailure): void {
    this.#changeAnswer(reference, (answer) => failed(answer, why, Date.now()), true);
  }

  #changeAnswer(
    { conversationId, answerId }: AnswerReference,
    change: (answer: ChatAnswer) => ChatAnswer,
    isFinal: boolean,
  ): void {
    const conversation = this.#find(conversationId);
    if (!conversation) return; // deleted in the meantime
    const before = conversation.turns.find(({ id }) => id === answerId);
    if (before?.kind !== "answer") return;
    const after = change(before);
    const turns = conversation.turns.map((turn) => (turn === before ? after : turn));
    this.#replace({ ...conversation, turns });
    if (isFinal) this.#notify();
    else this.#notifySoon();
    // Save a new stream address at once, so that the answer survives closing the page.
    const isUrgent = isFinal || after.stream?.address !== before.stream?.address;
    if (isUrgent) this.#saver.save(conversationId);
    else this.#saver.saveSoon(conversationId);
  }

  #change(id: string, change: (before: Conversation, nowMs: number) => Conversation): void {
    const conversation = this.#find(id);
    if (!conversation) return;
    this.#replace(change(conversation, Date.now()));
    this.#notify();
    this.#saver.save(id);
  }

  #find(id: string): Conversation | undefined {
    return this.#state.conversations.find((each) => each.id === id);
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
    for (const listener of this.#listeners) listener();
  }

  /** Applies a change made by another tab, except to a conversation whose answer streams in this tab. */
  async #applyOtherTab(change: StorageChange): Promise<void> {
    const isChanged = (id: string) => change.type === "cleared" || change.id === id;
    const saved = change.type === "saved" ? await this.#storage.get(change.id) : null;
    const { conversations, currentId } = this.#state;
    const others = conversations.filter(
      ({ id, turns }) => this.isAnswering(id) || turns.length === 0 || !isChanged(id),
    );
    const isOwn = saved !== null && this.isAnswering(saved.id);
    this.#set({ conversations: newestFirst(saved && !isOwn ? [...others, saved] : others) });
    if (!this.#find(currentId)) this.startNew();
  }
}
