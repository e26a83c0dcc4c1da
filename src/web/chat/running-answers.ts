// The answers that are coming: one for each conversation at most, also while another is looked at.

import { currentTransport } from "../browser/transport.ts";
import type { Answer, Failure } from "../conversation/conversation.ts";
import { readAnswer, type Start } from "../server/answer-stream.ts";
import type { Server } from "../server/server.ts";
import { ServerError } from "../server/server-error.ts";
import { ended, failed, stopped, withEvents } from "./answer.ts";

export type AnswerPlace = { readonly conversationId: string; readonly answerId: string };

/** @param isOver whether nothing more follows */
export type ChangeAnswer = (
  place: AnswerPlace,
  change: (answer: Answer) => Answer,
  isOver: boolean,
) => void;

type Running = {
  readonly answerId: string;
  readonly abort: AbortController;
  /** How the server knows it before its stream has an address. */
  readonly requestId: string | null;
};

export class RunningAnswers {
  readonly #server: Server;
  readonly #change: ChangeAnswer;
  readonly #running = new Map<string, Running>();

  constructor(server: Server, change: ChangeAnswer) {
    this.#server = server;
    this.#change = change;
  }

  has(conversationId: string): boolean {
    return this.#running.has(conversationId);
  }

  /** Reads an answer to its end. Nothing is thrown: what goes wrong is in the answer. */
  async read(place: AnswerPlace, start: Start): Promise<void> {
    const abort = new AbortController();
    const requestId = "requestId" in start ? start.requestId : null;
    const { conversationId, answerId } = place;
    this.#running.set(conversationId, { answerId, abort, requestId });
    let end: (answer: Answer) => Answer;
    try {
      const how = { server: this.#server, signal: abort.signal, transport: currentTransport() };
      for await (const events of readAnswer(start, how)) {
        if (abort.signal.aborted) return;
        this.#change(place, (answer) => withEvents(answer, events, Date.now()), false);
      }
      end = (answer) => ended(answer, Date.now());
    } catch (error) {
      end = (answer) => failed(answer, failureOf(error), Date.now());
    }
    if (abort.signal.aborted) return; // `stop()` has ended it, and another answer may have begun
    this.#running.delete(conversationId);
    this.#change(place, end, true);
  }

  /**
   * The page is done with it at once; the server is told, so that its slot is free at once too. One that comes in another
   * tab is stopped by the server.
   */
  stop(conversationId: string, answer: Answer): void {
    const running = this.#running.get(conversationId);
    if (running) {
      running.abort.abort();
      this.#running.delete(conversationId);
      const { answerId } = running;
      this.#change({ conversationId, answerId }, (before) => stopped(before, Date.now()), true);
    }
    const requestId = running?.requestId ?? null;
    const place = answer.stream ?? (requestId === null ? null : { requestId });
    // A server that cannot be reached stops by itself, since nobody reads any more.
    if (place) this.#server.stop(place).catch(() => {});
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof ServerError) return error.failure;
  const message = error instanceof Error ? error.message : String(error);
  return { status: null, code: "page_error", message, param: null, retryAtMs: null };
}
