// The queue of questions that need no slot. Answering one blocks the process and all streams, so after each answer its lane
// (short or long questions) pauses for three times as long as the answer took. This leaves at least half of the time to the
// streams. Short questions do not wait for the pause of long ones.

import type { ToWorker } from "../../engine/messages.ts";
import type { Question } from "../../generation/questions.ts";
import type { Message, Prompt } from "../../generation/request.ts";

export type QuestionMessage = Extract<ToWorker, { readonly type: "ask" }>;

export type QuestionQueueOptions = {
  /** Answers one question. Blocks the process meanwhile. */
  readonly answer: (message: QuestionMessage) => void;
  /** Whether no stream is on a slot, so that no pause is needed. */
  readonly isIdle: () => boolean;
};

/** Short or long questions, and the end of their pause. */
type Lane = { readonly waiting: QuestionMessage[]; pausedUntilMs: number };

/** Length of the pause after an answer, in multiples of the time that the answer took. */
const PAUSE_FACTOR = 3;
/** Questions up to this size take a few milliseconds. */
const SHORT_CHARS = 8_000;
/** Rendering a message costs about as much as tokenizing this much text. */
const MESSAGE_CHARS = 100;
/** Tokenizing and fencing a control token costs as much as this much text. */
const CONTROL_TOKEN_CHARS = 40;
/** Parsing a grammar takes this share of the time to tokenize the same text. */
const GRAMMAR_SHARE = 1 / 8;

export class QuestionQueue {
  readonly #options: QuestionQueueOptions;
  readonly #short: Lane = { waiting: [], pausedUntilMs: 0 };
  readonly #long: Lane = { waiting: [], pausedUntilMs: 0 };
  readonly #lanes = [this.#short, this.#long];
  #stopTimer: (() => void) | null = null;

  constructor(options: QuestionQueueOptions) {
    this.#options = options;
  }

  add(message: QuestionMessage): void {
    const lane = sizeOf(message.question) > SHORT_CHARS ? this.#long : this.#short;
    lane.waiting.push(message);
    this.#schedule();
  }

  /** Removes a waiting question. @returns whether it was waiting */
  drop(id: string): boolean {
    return this.#lanes.some(({ waiting }) => {
      const index = waiting.findIndex((message) => message.id === id);
      if (index >= 0) waiting.splice(index, 1);
      return index >= 0;
    });
  }

  /** Call it when the last stream has left its slot. */
  wake(): void {
    if (this.#options.isIdle()) this.#schedule();
  }

  #schedule(): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
    const open = this.#lanes.filter(({ waiting }) => waiting.length > 0);
    if (open.length === 0) return;
    const wakeAtMs = Math.min(...open.map(({ pausedUntilMs }) => pausedUntilMs));
    const pauseMs = this.#options.isIdle() ? 0 : wakeAtMs - performance.now();
    // Between two questions the process must read its messages and hand the next decode to its thread.
    if (pauseMs <= 0) {
      const immediate = setImmediate(() => this.#next());
      this.#stopTimer = () => clearImmediate(immediate);
      return;
    }
    const timer = setTimeout(() => this.#next(), pauseMs);
    this.#stopTimer = () => clearTimeout(timer);
  }

  #next(): void {
    this.#stopTimer = null;
    const startedAtMs = performance.now();
    const isIdle = this.#options.isIdle();
    const isReady = ({ waiting, pausedUntilMs }: Lane) =>
      waiting.length > 0 && (isIdle || pausedUntilMs <= startedAtMs);
    // The lane whose pause ended first goes first, so that neither lane blocks the other.
    const [lane] = this.#lanes.filter(isReady).sort((a, b) => a.pausedUntilMs - b.pausedUntilMs);
    const message = lane?.waiting.shift();
    if (lane && message) {
      this.#options.answer(message);
      const endedAtMs = performance.now();
      lane.pausedUntilMs = endedAtMs + PAUSE_FACTOR * (endedAtMs - startedAtMs);
    }
    this.#schedule();
  }
}

/** Estimated cost, as the number of characters that take the same time to tokenize. */
function sizeOf(question: Question): number {
  switch (question.type) {
    case "prepare": {
      const { prompt, grammar } = question.request;
      return sizeOfPrompt(prompt) + (grammar?.length ?? 0) * GRAMMAR_SHARE;
    }
    case "render":
      return sizeOfPrompt(question.prompt);
    case "tokenize":
      return (
        question.text.length + (question.readsControlTokens ? controlTokenCost(question.text) : 0)
      );
    case "detokenize":
      return question.tokens.length;
  }
}

function sizeOfMessage(message: Message): number {
  const { content } = message;
  const size = content.length + controlTokenCost(content);
  if (message.role !== "assistant") return size;
  const calls = message.toolCalls.length > 0 ? JSON.stringify(message.toolCalls).length : 0;
  return size + (message.reasoning?.length ?? 0) + calls;
}

/** The control tokens of most models start with "<". */
function controlTokenCost(text: string): number {
  return CONTROL_TOKEN_CHARS * (text.split("<").length - 1);
}

function sizeOfPrompt(prompt: Prompt): number {
  switch (prompt.type) {
    case "messages": {
      const texts = prompt.messages.reduce((sum, message) => sum + sizeOfMessage(message), 0);
      const tools = prompt.tools?.tools ?? [];
      const rules = tools.reduce((sum, tool) => sum + tool.rules.text.length, 0);
      const written = JSON.stringify([tools.map(({ definition }) => definition), prompt.variables]);
      return (
        texts + MESSAGE_CHARS * prompt.messages.length + written.length + rules * GRAMMAR_SHARE
      );
    }
    case "text":
      return prompt.text.length;
    case "tokens":
      return prompt.tokens.length;
    case "infill":
      return prompt.prefix.length + prompt.suffix.length;
  }
}
