// Messages → prompt text, by the model's own Jinja template (the GGUF's `tokenizer.chat_template`). Control tokens that
// somebody wrote inside a message are fenced, so that the tokenizer can leave them as text.

import { randomBytes } from "node:crypto";
import { Template } from "@huggingface/jinja";
import { ServiceError } from "../errors.ts";
import type { Json, Prompt, Thinking } from "../generation/request.ts";
import {
  type CallForm,
  callFormOf,
  type TemplateMessage,
  templateMessages,
} from "./template-messages.ts";
import { GENERIC, type ToolFormat, toolFormatOf } from "./tool-formats.ts";
import { plainMessages, withInstructions } from "./tool-instructions.ts";

/** A stretch of the prompt. Literal text came from a client, and no control token may be read into it. */
export type PromptSegment = {
  readonly text: string;
  readonly isLiteral: boolean;
};

export type MessagesPrompt = Extract<Prompt, { type: "messages" }>;

export type ChatTemplateOptions = {
  readonly source: string;
  /** Texts of the vocabulary's control tokens, e.g. `<|im_end|>`. */
  readonly controlTexts: readonly string[];
  readonly bosText: string | null;
  readonly eosText: string | null;
  /** What makes the model think, in a system message, where the template has no variable for it. */
  readonly thinkingWords: string | null;
};

type Variables = { readonly [name: string]: Json };

/** Variables that templates ask for whether, or how much, to think. */
const THINKING_VARIABLES = /\b(enable_thinking|reasoning_effort|thinking)\b/;

export class ChatTemplate {
  readonly source: string;
  readonly toolFormat: ToolFormat;
  readonly #template: Template;
  readonly #options: ChatTemplateOptions;
  /** Null when the template knows no calls: they are written as plain text. */
  readonly #callForm: CallForm | null;
  readonly #tellsTools: boolean;
  readonly #hasSystemRole: boolean;
  readonly #control: RegExp | null;
  // Private-use characters around a random word: no client can write the fence.
  readonly #open = `\uE000${randomBytes(8).toString("hex")}\uE001`;
  readonly #close = `\uE002${randomBytes(8).toString("hex")}\uE003`;
  readonly #end = `\uE004${randomBytes(8).toString("hex")}\uE005`;

  /** @throws Error when the template cannot be parsed */
  constructor(options: ChatTemplateOptions) {
    this.#options = options;
    this.source = options.source;
    this.#template = new Template(options.source);
    this.#control = anyOf(options.controlTexts);
    const callForm = callFormOf(options.source, (messages) => this.#run(messages, {}));
    const format = callForm ? toolFormatOf(options.source) : GENERIC;
    const isTold = callForm !== null && format !== GENERIC && this.#showsTools();
    this.toolFormat = isTold || format.example ? format : GENERIC;
    this.#tellsTools = isTold;
    this.#callForm = this.toolFormat === GENERIC ? null : callForm;
    this.#hasSystemRole = this.#takesSystemMessages();
  }

  /** @throws ServiceError `template_error` with the template's own words when it refuses the messages */
  render(prompt: MessagesPrompt): readonly PromptSegment[] {
    const messages = this.#messagesOf(prompt);
    const variables = {
      ...this.#thinkingVariables(prompt.thinking),
      ...prompt.variables,
      tools: this.#tellsTools ? this.#fenced(toolsOf(prompt)) : null,
      add_generation_prompt: !prompt.continuesLast,
    };
    const rendered = this.#tryRun(
      messages.map((each) => this.#fenced(each)),
      variables,
    );
    return this.#unfence(prompt.continuesLast ? this.#upToEnd(rendered) : rendered);
  }

  #messagesOf(prompt: MessagesPrompt): readonly TemplateMessage[] {
    const { messages, tools, continuesLast, thinking } = prompt;
    const form = this.#callForm;
    const written = form ? templateMessages(messages, form) : plainMessages(messages);
    const { example } = this.toolFormat;
    const hasSystemRole = this.#hasSystemRole;
    const given =
      tools && !this.#tellsTools && example
        ? withInstructions(written, { tools, example, hasSystemRole })
        : written;
    const last = given.at(-1);
    const ended =
      continuesLast && last
        ? [...given.slice(0, -1), { ...last, content: `${last.content ?? ""}${this.#end}` }]
        : given;
    const words = this.#options.thinkingWords;
    const thinks = thinking.effort !== null && thinking.effort !== "none";
    if (!words || !thinks) return ended;
    const [first, ...rest] = ended;
    if (first?.role === "system")
      return [{ ...first, content: `${first.content}\n${words}` }, ...rest];
    return [{ role: "system", content: words }, ...ended];
  }

  /** @throws ServiceError when thinking is asked for, and the template has no way to say so */
  #thinkingVariables({ effort }: Thinking): Variables {
    if (effort === null) return {};
    if (effort === "none") return { enable_thinking: false, thinking: false };
    if (!this.#options.thinkingWords && !THINKING_VARIABLES.test(this.source)) {
      throw new ServiceError(
        "unsupported_parameter",
        `reasoning_effort ${effort}: this model's chat template has no switch for thinking; leave it out, or say none`,
        { param: "reasoning_effort" },
      );
    }
    return { enable_thinking: true, thinking: true, reasoning_effort: effort };
  }

  #tryRun(messages: readonly TemplateMessage[], variables: Variables): string {
    try {
      return this.#run(messages, variables);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ServiceError(
        "template_error",
        `the model's chat template refuses these messages: ${this.#withoutFences(reason)}`,
        { param: "messages", cause: error },
      );
    }
  }

  #run(messages: readonly TemplateMessage[], variables: Variables): string {
    const { bosText, eosText } = this.#options;
    return this.#template.render({
      tools: null,
      add_generation_prompt: true,
      ...variables,
      bos_token: bosText ?? "",
      eos_token: eosText ?? "",
      messages,
    });
  }

  /** Whether definitions of tools come into the prompt. */
  #showsTools(): boolean {
    const definition = {
      type: "function",
      function: {
        name: "needle_tool",
        description: "",
        parameters: { type: "object", properties: {} },
      },
    };
    const [messages, tools] = [[{ role: "user", content: "question" }], [definition]];
    return this.#rendersTo("needle_tool", messages, { tools });
  }

  #takesSystemMessages(): boolean {
    const messages = [
      { role: "system", content: "needle_system" },
      { role: "user", content: "question" },
    ];
    return this.#rendersTo("needle_system", messages, {});
  }

  #rendersTo(needle: string, messages: readonly TemplateMessage[], variables: Variables): boolean {
    try {
      return this.#run(messages, variables).includes(needle);
    } catch {
      return false; // it was asked whether it can, and it cannot
    }
  }

  #upToEnd(rendered: string): string {
    const at = rendered.indexOf(this.#end);
    if (at >= 0) return rendered.slice(0, at);
    throw new ServiceError(
      "template_error",
      "this model's chat template cannot go on with a message of the assistant",
      { param: "messages" },
    );
  }

  /** All texts within, names of members too: a client wrote them. */
  #fenced<T extends Json | undefined>(value: T): T {
    const control = this.#control;
    if (!control) return value;
    const visit = (each: Json | undefined): Json | undefined => {
      if (typeof each === "string")
        return each.replace(control, (found) => this.#open + found + this.#close);
      if (Array.isArray(each)) return each.map((item) => visit(item) ?? null);
      if (typeof each !== "object" || each === null) return each;
      const members = Object.entries(each).map(([name, member]) => [visit(name), visit(member)]);
      return Object.fromEntries(members);
    };
    return visit(value) as T; // of the same shape
  }

  #withoutFences(text: string): string {
    return text.replaceAll(this.#open, "").replaceAll(this.#close, "").replaceAll(this.#end, "");
  }

  #unfence(rendered: string): PromptSegment[] {
    const segments: PromptSegment[] = [];
    for (const [index, stretch] of rendered.split(this.#open).entries()) {
      const fenceEnd = index === 0 ? -1 : stretch.indexOf(this.#close);
      const after = fenceEnd < 0 ? 0 : fenceEnd + this.#close.length;
      if (fenceEnd > 0) segments.push({ text: stretch.slice(0, fenceEnd), isLiteral: true });
      const rest = this.#withoutFences(stretch.slice(after)); // a template may have cut a message in two
      if (rest !== "") segments.push({ text: rest, isLiteral: false });
    }
    return segments;
  }
}

function toolsOf({ tools }: MessagesPrompt): Json {
  return tools?.tools.map(({ definition }) => definition) ?? null;
}

function anyOf(texts: readonly string[]): RegExp | null {
  const longestFirst = texts.filter((text) => text !== "").sort((a, b) => b.length - a.length);
  if (longestFirst.length === 0) return null;
  const alternatives = longestFirst.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(alternatives.join("|"), "g");
}
