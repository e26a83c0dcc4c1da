// The answers that are streaming: at most one per conversation, whichever conversation is shown.

import { currentTransport } from "../browser/transport.ts";
import { readAnswer, type StreamStart } from "../client/answer-stream.ts";
import type { Server } from "../client/server.ts";
import { failure, ServerError } from "../client/server-error.ts";
import type { ChatAnswer, RequestFailure } from "../conversation/conversation.ts";
import { ended, failed, stopped, withEvents } from "./answer.ts";

export type AnswerReference = { readonly conversationId: string; readonly answerId: string };

export type RunningOptions = {
  readonly change: ChangeAnswer;
  /** The server no longer has the stream. @returns whether the rest of the answer was requested again */
  readonly restart: (reference: AnswerReference) => boolean;
};

/** @param isFinal whether this is the last change of the answer */
export type ChangeAnswer = (
  reference: AnswerReference,
  change: (answer: ChatAnswer) => ChatAnswer,
  isFinal: boolean,
) => void;

type Running = {
  readonly answerId: string;
  readonly abort: AbortController;
  /** Identifies the request on the server before its stream has an address. */
  readonly requestId: string | null;
};

export class RunningAnswers {
  readonly #server: Server;
  readonly #change: ChangeAnswer;
  readonly #restart: RunningOptions["restart"];
  readonly #running = new Map<string, Running>();

  constructor(server: Server, { change, restart }: RunningOptions) {
    this.#server = server;
    this.#change = change;
    this.#restart = restart;
  }

  has(conversationId: string): boolean {
    return this.#running.has(conversationId);
  }

  /** Reads an answer to its end. Errors are stored in the answer and not thrown. */
  async read(reference: AnswerReference, start: StreamStart): Promise<void> {
    const abort = new AbortController();
    const requestId = "requestId" in start ? start.requestId : null;
    const { conversationId, answerId } = reference;
    this.#running.set(conversationId, { answerId, abort, requestId });
    let end: (answer: ChatAnswer) => ChatAnswer;
    try {
      const options = { server: this.#server, signal: abort.signal, transport: currentTransport() };
      for await (const events of readAnswer(start, options)) {
        if (abort.signal.aborted) return;
        this.#change(reference, (answer) => withEvents(answer, events, Date.now()), false);
      }
      end = (answer) => ended(answer, Date.now());
    } catch (error) {
      if (abort.signal.aborted) return; // `stop()` ended it, and another answer may have started
      const why = failureOf(error);
      this.#running.delete(conversationId);
      if (why.code === "not_found" && this.#restart(reference)) return;
      end = (answer) => failed(answer, why, Date.now());
    }
    if (abort.signal.aborted) return;
    this.#running.delete(conversationId);
    this.#change(reference, end, true);
  }

  /**
   * Stops the answer in the page at once, and on the server, which frees its slot. An answer that streams in another tab
   * is stopped through the server only.
   */
  stop(conversationId: string, answer: ChatAnswer): void {
    const running = this.#running.get(conversationId);
    if (running) {
      running.abort.abort();
      this.#running.delete(conversationId);
      const { answerId } = running;
      this.#change({ conversationId, answerId }, (before) => stopped(before, Date.now()), true);
    }
    const requestId = running?.requestId ?? null;
    const target = answer.stream ?? (requestId === null ? null : { requestId });
    // An unreachable server stops by itself, because the stream has no reader.
    if (target) this.#server.stop(target).catch(() => {});
  }
}

function failureOf(error: unknown): RequestFailure {
  if (error instanceof ServerError) return error.failure;
  const message = error instanceof Error ? error.message : String(error);
  return failure("page_error", message);
}
