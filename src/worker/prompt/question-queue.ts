// The questions that wait beside the streams. Answering one blocks the process, and with it every stream: so they are answered
// one at a time, and each kind rests for three times as long as its last answer took. Short ones do not wait for the rest of
// long ones. The streams so have half of the time at least.

import type { ToWorker } from "../../engine/messages.ts";
import type { Question } from "../../generation/questions.ts";
import type { Message, Prompt } from "../../generation/request.ts";

export type QuestionMessage = Extract<ToWorker, { readonly type: "ask" }>;

export type QuestionQueueOptions = {
  /** Answers one question. Blocks the process meanwhile. */
  readonly answer: (ask: QuestionMessage) => void;
  /** Whether no stream is on a slot: then nothing has to rest. */
  readonly isIdle: () => boolean;
};

/** Questions of one kind, and until when it rests. */
type Lane = { readonly waiting: QuestionMessage[]; restUntilMs: number };

/** How long a kind rests after an answer, in multiples of the time that it took. */
const REST = 3;
/** Up to this size a question takes a few milliseconds. */
const SHORT_CHARS = 8_000;
/** Rendering a message costs about as much as tokenizing this much text. */
const MESSAGE_CHARS = 100;
/** A control token costs the tokenizer, and more so the template's fence, as much as this much text. */
const MARK_CHARS = 40;
/** A grammar is read faster than a text is tokenized. */
const GRAMMAR_SHARE = 1 / 8;

export class QuestionQueue {
  readonly #options: QuestionQueueOptions;
  readonly #short: Lane = { waiting: [], restUntilMs: 0 };
  readonly #long: Lane = { waiting: [], restUntilMs: 0 };
  #stopTimer: (() => void) | null = null;

  constructor(options: QuestionQueueOptions) {
    this.#options = options;
  }

  add(ask: QuestionMessage): void {
    const lane = sizeOf(ask.question) > SHORT_CHARS ? this.#long : this.#short;
    lane.waiting.push(ask);
    this.#schedule();
  }

  /** @returns whether the question was still waiting; it is forgotten then */
  drop(id: string): boolean {
    return this.#lanes.some(({ waiting }) => {
      const index = waiting.findIndex((ask) => ask.id === id);
      if (index >= 0) waiting.splice(index, 1);
      return index >= 0;
    });
  }

  /** To be called when the last stream has left its slot. */
  wake(): void {
    if (this.#options.isIdle()) this.#schedule();
  }

  get #lanes(): readonly Lane[] {
    return [this.#short, this.#long];
  }

  #schedule(): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
    const open = this.#lanes.filter(({ waiting }) => waiting.length > 0);
    if (open.length === 0) return;
    const wakeAtMs = Math.min(...open.map(({ restUntilMs }) => restUntilMs));
    const restMs = this.#options.isIdle() ? 0 : wakeAtMs - performance.now();
    // Between two questions the process reads its messages, and hands the next decode to its thread.
    if (restMs <= 0) {
      const immediate = setImmediate(() => this.#next());
      this.#stopTimer = () => clearImmediate(immediate);
      return;
    }
    const timer = setTimeout(() => this.#next(), restMs);
    this.#stopTimer = () => clearTimeout(timer);
  }

  #next(): void {
    this.#stopTimer = null;
    const startedAtMs = performance.now();
    const isIdle = this.#options.isIdle();
    const mayGo = ({ waiting, restUntilMs }: Lane) =>
      waiting.length > 0 && (isIdle || restUntilMs <= startedAtMs);
    // The kind that has rested longest: neither keeps the other waiting.
    const [lane] = this.#lanes.filter(mayGo).sort((a, b) => a.restUntilMs - b.restUntilMs);
    const ask = lane?.waiting.shift();
    if (lane && ask) {
      this.#options.answer(ask);
      const endedAtMs = performance.now();
      lane.restUntilMs = endedAtMs + REST * (endedAtMs - startedAtMs);
    }
    this.#schedule();
  }
}

/** About as many characters as tokenizing would cost as much time for. */
function sizeOf(question: Question): number {
  switch (question.type) {
    case "prepare": {
      const { prompt, grammar } = question.request;
      return sizeOfPrompt(prompt) + (grammar?.length ?? 0) * GRAMMAR_SHARE;
    }
    case "render":
      return sizeOfPrompt(question.prompt);
    case "tokenize":
      return question.text.length + (question.readsControlTokens ? marksIn(question.text) : 0);
    case "detokenize":
      return question.tokens.length;
  }
}

function sizeOfMessage(message: Message): number {
  const { content } = message;
  const size = content.length + marksIn(content);
  if (message.role !== "assistant") return size;
  const calls = message.toolCalls.length > 0 ? JSON.stringify(message.toolCalls).length : 0;
  return size + (message.reasoning?.length ?? 0) + calls;
}

/** Control tokens of most models begin like this. */
function marksIn(text: string): number {
  return MARK_CHARS * (text.split("<").length - 1);
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
