// The actions on conversations: questions, answers, versions, settings. The views read and call it; it knows no view.

import { isNamedByModel } from "../browser/chat-naming.ts";
import type { Server } from "../client/server.ts";
import { failure } from "../client/server-error.ts";
import {
  type ChatAnswer,
  type ChatFile,
  type ChatSettings,
  type ChatToolCall,
  type Conversation,
  DEFAULT_SETTINGS,
  hasEnded,
  hasRunningAnswer,
  type RequestFailure,
} from "../conversation/conversation.ts";
import * as edits from "../conversation/edits.ts";
import { newId } from "../conversation/ids.ts";
import { streamedBody } from "../conversation/request-body.ts";
import type { ConversationStorage } from "../conversation/storage.ts";
import type { JsonObject } from "../conversation/typed-settings.ts";
import { showVersion } from "../conversation/versions.ts";
import { failed, newAnswer, reopened } from "./answer.ts";
import { type ChatState, ConversationList } from "./conversation-list.ts";
import { canBeNamed, titleByModel } from "./model-title.ts";
import { type AnswerReference, RunningAnswers } from "./running-answers.ts";
import { pendingToolCalls, trimmedToFit } from "./turns.ts";

/** A server that loses every stream is not asked forever. */
const MAX_RESTARTS = 2;

export type ChatStoreParts = {
  readonly server: Server;
  readonly storage: ConversationStorage;
  /** Tools that every request offers, besides those of the chat's settings. */
  readonly tools: () => readonly JsonObject[];
  /** The settings of a new conversation. Default `DEFAULT_SETTINGS`. */
  readonly newSettings?: () => ChatSettings;
};

export class ChatStore {
  readonly #server: Server;
  readonly #tools: ChatStoreParts["tools"];
  readonly #list: ConversationList;
  readonly #answers: RunningAnswers;
  /** How often each answer was requested again. */
  readonly #restarts = new Map<string, number>();
  readonly #onAnswered = new Set<(conversation: Conversation) => void>();

  constructor({ server, storage, tools, newSettings = () => DEFAULT_SETTINGS }: ChatStoreParts) {
    this.#server = server;
    this.#tools = tools;
    this.#answers = new RunningAnswers(server, {
      change: (reference, change, isFinal) => this.#changeAnswer(reference, change, isFinal),
      restart: (reference) => this.#restart(reference),
    });
    this.#list = new ConversationList({
      storage,
      newSettings,
      isAnswering: (id) => this.isAnswering(id),
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => this.#list.subscribe(listener);

  readonly get = (): ChatState => this.#list.get();

  /** @param listener called when an answer is complete that this tab has read */
  onAnswered(listener: (conversation: Conversation) => void): void {
    this.#onAnswered.add(listener);
  }

  find(id: string): Conversation | undefined {
    return this.#list.find(id);
  }

  /** Loads the stored conversations and continues answers that a reload interrupted. */
  async load(): Promise<void> {
    const stored = await this.#list.load((all) => {
      const [latest] = all;
      const open = all.find(({ id }) => id === location.hash.slice(1));
      return open ?? (latest && hasRunningAnswer(latest) ? latest : null);
    });
    for (const conversation of stored) this.#resume(conversation);
  }

  isAnswering(conversationId: string): boolean {
    return this.#answers.has(conversationId);
  }

  select(id: string): void {
    this.#list.select(id);
  }

  /** Starts an empty conversation with the settings for new ones. */
  startNew(): void {
    this.#list.startNew();
  }

  rename(id: string, title: string): void {
    this.#list.change(id, (before) => edits.rename(before, title));
  }

  /** Keeps a conversation at the top of the list, or no longer. */
  pin(id: string, isPinned: boolean): void {
    this.#list.change(id, (before) => ({ ...before, isPinned }));
  }

  async remove(id: string): Promise<void> {
    this.stop(id);
    await this.#list.remove(id);
  }

  async removeAll(): Promise<void> {
    for (const { id } of this.get().conversations) this.stop(id);
    await this.#list.removeAll();
  }

  /** Adds conversations from a file, except those that already exist. @returns how many were added */
  add(conversations: readonly Conversation[]): number {
    return this.#list.add(conversations);
  }

  changeSettings(id: string, settings: Partial<ChatSettings>): void {
    this.#list.change(id, (before, nowMs) => edits.putSettings(before, { settings, nowMs }));
  }

  ask(id: string, text: string, files: readonly ChatFile[] = []): void {
    this.#list.change(id, (before, nowMs) => edits.addQuestion(before, { text, files, nowMs }));
    this.#answer(id);
  }

  /** Asks a question again with another text. The old one stays as a version, with all that followed it. */
  edit(id: string, questionId: string, text: string): void {
    this.stop(id);
    this.#list.change(id, (before, nowMs) =>
      edits.replaceQuestion(before, { questionId, text, nowMs }),
    );
    this.#answer(id);
  }

  /** Requests another answer. The old one stays as a version, with all that followed it. */
  regenerate(id: string, answerId: string): void {
    this.stop(id);
    this.#list.change(id, (before, nowMs) => edits.cutFrom(before, { turnId: answerId, nowMs }));
    this.#answer(id);
  }

  /** Shows another version of a turn. Does nothing while an answer of the conversation streams. */
  showVersion(id: string, turnId: string): void {
    const conversation = this.#list.find(id);
    if (!conversation || hasRunningAnswer(conversation)) return;
    this.#list.change(id, (before) => showVersion(before, turnId));
  }

  /** Continues the last answer after it was stopped, failed, or reached the token limit. */
  continue(id: string, answerId: string): void {
    const conversation = this.#list.find(id);
    if (!conversation || this.isAnswering(id)) return;
    const reference = { conversationId: id, answerId };
    this.#changeAnswer(reference, (answer) => reopened(answer, Date.now()), false);
    this.#read(reference, conversation);
  }

  /** Adds a tool result. Requests the next answer once every tool call has a result. */
  addToolResult(id: string, call: ChatToolCall, text: string): void {
    this.#list.change(id, (before, nowMs) => edits.putToolResult(before, { call, text, nowMs }));
    const conversation = this.#list.find(id);
    if (conversation && pendingToolCalls(conversation).length === 0) this.#answer(id);
  }

  stop(id: string): void {
    const answer = this.#list.find(id)?.turns.findLast((turn) => turn.kind === "answer");
    if (answer) this.#answers.stop(id, answer);
  }

  /** Omits the oldest turns until the rest fits the context. @returns false if nothing more can be omitted */
  async omitOldest(id: string): Promise<boolean> {
    const before = this.#list.find(id);
    if (!before) return false;
    const after = await trimmedToFit(before, { server: this.#server, tools: this.#tools() });
    this.#list.change(id, () => after);
    return after !== before;
  }

  restoreOmitted(id: string): void {
    this.#list.change(id, edits.restoreOmitted);
  }

  /** Requests an answer to the current turns. */
  #answer(id: string): void {
    const conversation = this.#list.find(id);
    if (!conversation || this.isAnswering(id)) return;
    const answer = newAnswer(newId(), Date.now());
    this.#list.change(id, (before, nowMs) => edits.addAnswer(before, { answer, nowMs }));
    this.#read({ conversationId: id, answerId: answer.id }, conversation);
  }

  #read(reference: AnswerReference, conversation: Conversation): void {
    try {
      const body = streamedBody(conversation, this.#tools());
      void this.#answers.read(reference, { body, requestId: newId() });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#fail(reference, failure("invalid_settings", message));
    }
  }

  /** Continues an answer whose stream the server has lost, for example by a restart. Without any text, it is asked for again. */
  #restart(reference: AnswerReference): boolean {
    const { conversationId, answerId } = reference;
    const conversation = this.#list.find(conversationId);
    const answer = conversation?.turns.at(-1);
    const restarts = this.#restarts.get(answerId) ?? 0;
    if (!conversation || answer?.kind !== "answer" || answer.id !== answerId) return false;
    if (answer.stream === null || answer.calls.length > 0 || restarts >= MAX_RESTARTS) return false;
    this.#restarts.set(answerId, restarts + 1);
    const nowMs = Date.now();
    const next = answer.text === "" ? newAnswer(answerId, nowMs) : reopened(answer, nowMs);
    this.#changeAnswer(reference, () => next, false);
    this.#read(reference, conversation);
    return true;
  }

  #resume(conversation: Conversation): void {
    const answer = conversation.turns.findLast((turn) => turn.kind === "answer");
    if (!answer || hasEnded(answer) || this.isAnswering(conversation.id)) return;
    const reference = { conversationId: conversation.id, answerId: answer.id };
    const closed = "The page was closed before the answer started.";
    if (answer.stream) void this.#answers.read(reference, { position: answer.stream });
    else this.#fail(reference, failure("connection_lost", closed));
  }

  /** A failure leaves the title that was derived from the question, and so does a title that the user has typed meanwhile. */
  async #name(conversation: Conversation): Promise<void> {
    if (!isNamedByModel() || !canBeNamed(conversation)) return;
    const title = await titleByModel(conversation, this.#server).catch(() => null);
    if (title === null) return;
    this.#list.change(conversation.id, (before) =>
      before.title === conversation.title ? edits.rename(before, title) : before,
    );
  }

  #fail(reference: AnswerReference, why: RequestFailure): void {
    this.#changeAnswer(reference, (answer) => failed(answer, why, Date.now()), true);
  }

  #changeAnswer(
    { conversationId, answerId }: AnswerReference,
    change: (answer: ChatAnswer) => ChatAnswer,
    isFinal: boolean,
  ): void {
    const conversation = this.#list.find(conversationId);
    if (!conversation) return; // deleted in the meantime
    const before = conversation.turns.find(({ id }) => id === answerId);
    if (before?.kind !== "answer") return;
    const after = change(before);
    const turns = conversation.turns.map((turn) => (turn === before ? after : turn));
    const next = { ...conversation, turns };
    if (isFinal) this.#end(next, after);
    // A new stream address is urgent, so that the answer survives closing the page.
    else this.#list.changeOften(next, after.stream?.address !== before.stream?.address);
  }

  #end(conversation: Conversation, { phase }: ChatAnswer): void {
    this.#list.change(conversation.id, () => conversation);
    if (phase.type !== "done") return;
    for (const listener of this.#onAnswered) listener(conversation);
    void this.#name(conversation);
  }
}
