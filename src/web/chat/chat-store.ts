// All conversations and what can be done with them. The views read it and call it; it knows no view.

import { onFrames } from "../browser/frame-scheduler.ts";
import {
  type Answer,
  type ChatSettings,
  type Conversation,
  hasEnded,
  type ToolCall,
} from "../conversation/conversation.ts";
import * as edits from "../conversation/edits.ts";
import { newId } from "../conversation/ids.ts";
import { streamedBody } from "../conversation/request-body.ts";
import type { ConversationStorage } from "../conversation/storage.ts";
import type { Change } from "../conversation/storage-notices.ts";
import type { Server } from "../server/server.ts";
import { failed, newAnswer, reopened } from "./answer.ts";
import { Keeper } from "./keeper.ts";
import { type AnswerPlace, RunningAnswers } from "./running-answers.ts";
import { CUT_OFF, fitting, isUnfinished, openCalls, sorted } from "./turns.ts";

export type ChatState = {
  /** Those with something in them, newest first, and the current one. */
  readonly conversations: readonly Conversation[];
  readonly currentId: string;
  readonly hasLoaded: boolean;
  /** False where the browser keeps nothing over a reload. */
  readonly isLasting: boolean;
  /** Why the last change could not be kept; null if it could. */
  readonly saveProblem: string | null;
};

export class ChatStore {
  readonly #server: Server;
  readonly #storage: ConversationStorage;
  readonly #answers: RunningAnswers;
  readonly #listeners = new Set<() => void>();
  readonly #frames = onFrames(() => this.#notify());
  readonly #keeper: Keeper;
  #state: ChatState;

  constructor(server: Server, storage: ConversationStorage) {
    this.#server = server;
    this.#storage = storage;
    this.#answers = new RunningAnswers(server, (place, change, isOver) =>
      this.#changeAnswer(place, change, isOver),
    );
    const first = edits.newConversation({ nowMs: Date.now() });
    const { isLasting } = storage;
    this.#state = {
      conversations: [first],
      currentId: first.id,
      hasLoaded: false,
      isLasting,
      saveProblem: null,
    };
    this.#keeper = new Keeper({
      storage,
      find: (id) => this.#find(id),
      onSaved: (saveProblem) => {
        if (this.#state.saveProblem !== saveProblem) this.#set({ saveProblem });
      },
    });
    storage.onChange((change) => void this.#takeOver(change));
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly get = (): ChatState => this.#state;

  /** Brings what is kept, and goes on with answers that a reload cut off. */
  async load(): Promise<void> {
    const kept = await this.#storage.all();
    const { conversations } = this.#state;
    const own = conversations.filter(
      ({ id, turns }) => turns.length > 0 && !kept.some((each) => each.id === id),
    );
    const latest = [...kept].sort((a, b) => b.updatedAtMs - a.updatedAtMs)[0];
    const open = kept.find(({ id }) => id === location.hash.slice(1));
    const current = open ?? (latest && isUnfinished(latest) ? latest : null);
    const fresh = conversations.filter(({ turns }) => turns.length === 0);
    this.#set({
      conversations: sorted([...own, ...kept, ...fresh]),
      ...(current ? { currentId: current.id } : {}),
      hasLoaded: true,
    });
    for (const conversation of kept) this.#resume(conversation);
  }

  isAnswering(conversationId: string): boolean {
    return this.#answers.has(conversationId);
  }

  select(id: string): void {
    this.#set({ currentId: id });
  }

  /** An empty one, with the settings of the current one but for its model's own. */
  begin(settings?: Partial<ChatSettings>): void {
    const empty = this.#state.conversations.find(({ turns }) => turns.length === 0);
    const fresh = edits.newConversation({ nowMs: Date.now(), ...(settings ? { settings } : {}) });
    const others = this.#state.conversations.filter((each) => each !== empty);
    this.#set({ conversations: [fresh, ...others], currentId: fresh.id });
  }

  rename(id: string, title: string): void {
    this.#change(id, (conversation) => edits.rename(conversation, { title, nowMs: Date.now() }));
  }

  async remove(id: string): Promise<void> {
    this.stop(id);
    const conversations = this.#state.conversations.filter((each) => each.id !== id);
    this.#set({ conversations });
    if (this.#state.currentId === id) this.begin();
    this.#keeper.forget(id);
    await this.#storage.remove(id);
  }

  async removeAll(): Promise<void> {
    for (const { id } of this.#state.conversations) {
      this.stop(id);
      this.#keeper.forget(id);
    }
    this.#set({ conversations: [] });
    this.begin();
    await this.#storage.clear();
  }

  /** Adds conversations from a file; those that are there already stay as they are. */
  add(conversations: readonly Conversation[]): number {
    const known = new Set(this.#state.conversations.map(({ id }) => id));
    const fresh = conversations.filter(({ id }) => !known.has(id));
    this.#set({ conversations: sorted([...this.#state.conversations, ...fresh]) });
    for (const { id } of fresh) this.#keeper.save(id);
    return fresh.length;
  }

  set(id: string, settings: Partial<ChatSettings>): void {
    this.#change(id, (conversation) =>
      edits.putSettings(conversation, { settings, nowMs: Date.now() }),
    );
  }

  ask(id: string, text: string): void {
    this.#change(id, (conversation) =>
      edits.addQuestion(conversation, { text, nowMs: Date.now() }),
    );
    this.#answer(id);
  }

  /** Asks another question in the place of one; what followed it is gone. */
  edit(id: string, questionId: string, text: string): void {
    this.stop(id);
    this.#change(id, (conversation) =>
      edits.replaceQuestion(conversation, { questionId, text, nowMs: Date.now() }),
    );
    this.#answer(id);
  }

  /** Another answer in the place of one; what followed it is gone. */
  regenerate(id: string, answerId: string): void {
    this.stop(id);
    this.#change(id, (conversation) =>
      edits.cutFrom(conversation, { turnId: answerId, nowMs: Date.now() }),
    );
    this.#answer(id);
  }

  /** Goes on with the last answer, which was stopped, failed, or cut off by its limit. */
  continue(id: string, answerId: string): void {
    const conversation = this.#find(id);
    if (!conversation || this.isAnswering(id)) return;
    const place = { conversationId: id, answerId };
    this.#changeAnswer(place, (answer) => reopened(answer, Date.now()), false);
    this.#read(place, conversation);
  }

  /** What a tool has given. As soon as every call has its result the model goes on. */
  giveResult(id: string, call: ToolCall, text: string): void {
    this.#change(id, (conversation) =>
      edits.putToolResult(conversation, { call, text, nowMs: Date.now() }),
    );
    const conversation = this.#find(id);
    if (conversation && openCalls(conversation).length === 0) this.#answer(id);
  }

  stop(id: string): void {
    const answer = this.#find(id)?.turns.findLast((turn) => turn.kind === "answer");
    if (answer) this.#answers.stop(id, answer);
  }

  /** So many of the oldest turns are no longer sent that the rest fits. @returns false if nothing more can be left out */
  async leaveOutOldest(id: string): Promise<boolean> {
    const before = this.#find(id);
    if (!before) return false;
    const after = await fitting(before, this.#server);
    this.#change(id, () => after);
    return after !== before;
  }

  bringBackOldest(id: string): void {
    this.#change(id, edits.bringBack);
  }

  /** Asks for an answer to the conversation as it stands. */
  #answer(id: string): void {
    const conversation = this.#find(id);
    if (!conversation || this.isAnswering(id)) return;
    const nowMs = Date.now();
    const answer = newAnswer(newId(), nowMs);
    this.#change(id, (before) => edits.putAnswer(before, { answer, nowMs }));
    this.#read({ conversationId: id, answerId: answer.id }, conversation);
  }

  #read(place: AnswerPlace, conversation: Conversation): void {
    try {
      const body = streamedBody(conversation);
      void this.#answers.read(place, { body, requestId: newId() });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const failure = { ...CUT_OFF, code: "invalid_settings", message };
      this.#changeAnswer(place, (answer) => failed(answer, failure, Date.now()), true);
    }
  }

  #resume(conversation: Conversation): void {
    const answer = conversation.turns.findLast((turn) => turn.kind === "answer");
    if (!answer || hasEnded(answer) || this.isAnswering(conversation.id)) return;
    const place = { conversationId: conversation.id, answerId: answer.id };
    if (answer.stream) void this.#answers.read(place, { place: answer.stream });
    else this.#changeAnswer(place, (before) => failed(before, CUT_OFF, Date.now()), true);
  }

  #changeAnswer(
    { conversationId, answerId }: AnswerPlace,
    change: (answer: Answer) => Answer,
    isOver: boolean,
  ): void {
    const conversation = this.#find(conversationId);
    if (!conversation) return; // it was deleted meanwhile
    const before = conversation.turns.find(({ id }) => id === answerId);
    if (before?.kind !== "answer") return;
    const after = change(before);
    const turns = conversation.turns.map((turn) => (turn === before ? after : turn));
    this.#replace({ ...conversation, turns });
    if (isOver) this.#notify();
    else this.#frames.request();
    // Where its stream is has to be known, should the page be closed now.
    const isUrgent = isOver || after.stream?.address !== before.stream?.address;
    if (isUrgent) this.#keeper.save(conversationId);
    else this.#keeper.saveSoon(conversationId);
  }

  #change(id: string, change: (conversation: Conversation) => Conversation): void {
    const conversation = this.#find(id);
    if (!conversation) return;
    this.#replace(change(conversation));
    this.#notify();
    this.#keeper.save(id);
  }

  #find(id: string): Conversation | undefined {
    return this.#state.conversations.find((each) => each.id === id);
  }

  #replace(conversation: Conversation): void {
    const { conversations } = this.#state;
    const next = conversations.map((each) => (each.id === conversation.id ? conversation : each));
    this.#state = { ...this.#state, conversations: sorted(next) };
  }

  #set(change: Partial<ChatState>): void {
    this.#state = { ...this.#state, ...change };
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  /** What another tab has done. An answer that comes here is this tab's own. */
  async #takeOver(change: Change): Promise<void> {
    const isGone = (id: string) => change.type === "cleared" || change.id === id;
    const kept = change.type === "saved" ? await this.#storage.get(change.id) : null;
    const { conversations, currentId } = this.#state;
    const others = conversations.filter(
      ({ id, turns }) => this.isAnswering(id) || turns.length === 0 || !isGone(id),
    );
    const isOwn = kept !== null && this.isAnswering(kept.id);
    this.#set({ conversations: sorted(kept && !isOwn ? [...others, kept] : others) });
    if (!this.#find(currentId)) this.begin();
  }
}
