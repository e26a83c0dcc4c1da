// The tool calls of answers: asks the user, runs what is allowed, and gives the results to the model.

import { Listeners } from "../browser/listeners.ts";
import type { ChatToolCall, Conversation } from "../conversation/conversation.ts";
import type { CallRunner } from "../tools/call-runner.ts";
import type { ToolBox } from "../tools/tool-box.ts";
import type { ChatStore } from "./chat-store.ts";
import { pendingToolCalls } from "./turns.ts";

/** After so many answers with calls to one question, the next calls ask the user. */
const MAX_ROUNDS = 20;

type CallParts = {
  readonly store: ChatStore;
  readonly box: Pick<ToolBox, "find" | "allow">;
  readonly runner: Pick<CallRunner, "run">;
};

export class ToolCalls {
  readonly #parts: CallParts;
  readonly #listeners = new Listeners();
  /** By the id of the call. */
  #running: ReadonlyMap<string, AbortController> = new Map();

  constructor(parts: CallParts) {
    this.#parts = parts;
    parts.store.onAnswered((conversation) => this.#runAllowed(conversation));
  }

  readonly subscribe = this.#listeners.subscribe;

  /** The calls that are running, by id. */
  readonly get = (): ReadonlyMap<string, AbortController> => this.#running;

  /** Runs the call. @param isAlways whether later calls of this tool run without asking */
  allow(conversationId: string, call: ChatToolCall, isAlways: boolean): void {
    const { box } = this.#parts;
    const tool = box.find(call.name);
    if (tool && isAlways) box.allow(tool, true);
    void this.#run(conversationId, call);
  }

  /** Tells the model that the user does not want this call. */
  refuse(conversationId: string, call: ChatToolCall): void {
    this.#give(conversationId, call, "The user refused this call.");
  }

  /** Stops running calls, which then wait for the user. */
  stop(conversationId: string): void {
    const conversation = this.#parts.store.find(conversationId);
    for (const { id } of conversation ? pendingToolCalls(conversation) : [])
      this.#running.get(id)?.abort();
  }

  #runAllowed(conversation: Conversation): void {
    if (roundsOf(conversation) > MAX_ROUNDS) return;
    for (const call of pendingToolCalls(conversation))
      if (this.#parts.box.find(call.name)?.isAllowed) void this.#run(conversation.id, call);
  }

  async #run(conversationId: string, call: ChatToolCall): Promise<void> {
    const tool = this.#parts.box.find(call.name);
    if (!tool || this.#running.has(call.id)) return;
    const abort = new AbortController();
    this.#setRunning((running) => running.set(call.id, abort));
    try {
      await onceInAllTabs(call.id, async () => {
        if (!this.#isPending(conversationId, call)) return;
        const result = await this.#parts.runner.run(tool, call.arguments, abort.signal);
        this.#give(conversationId, call, result);
      });
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    } finally {
      this.#setRunning((running) => running.delete(call.id));
    }
  }

  #give(conversationId: string, call: ChatToolCall, result: string): void {
    // Another version of the conversation may be shown now, or another tab was faster.
    if (this.#isPending(conversationId, call))
      this.#parts.store.addToolResult(conversationId, call, result);
  }

  #isPending(conversationId: string, call: ChatToolCall): boolean {
    const conversation = this.#parts.store.find(conversationId);
    if (!conversation) return false;
    return pendingToolCalls(conversation).some((pending) => pending.id === call.id);
  }

  #setRunning(change: (running: Map<string, AbortController>) => void): void {
    const running = new Map(this.#running);
    change(running);
    this.#running = running;
    this.#listeners.notify();
  }
}

/** How many answers with calls there are since the last question. */
function roundsOf({ turns }: Conversation): number {
  const question = turns.findLastIndex(({ kind }) => kind === "question");
  const later = turns.slice(question + 1);
  return later.filter((turn) => turn.kind === "answer" && turn.calls.length > 0).length;
}

/** Does nothing if another tab runs the call. Browsers without locks, which insecure pages do not have, run it. */
async function onceInAllTabs(callId: string, run: () => Promise<void>): Promise<void> {
  const locks: LockManager | null | undefined = navigator.locks;
  if (!locks) return run();
  await locks.request(`sluice-call ${callId}`, { ifAvailable: true }, (lock) =>
    lock ? run() : undefined,
  );
}
