// Messages → prompt text, by the model's own Jinja template (the GGUF's `tokenizer.chat_template`). Control tokens that
// somebody wrote inside a message are fenced, so that the tokenizer can leave them as text.

import { randomBytes } from "node:crypto";
import { Template } from "@huggingface/jinja";
import { ServiceError } from "../errors.ts";
import type { Message } from "../generation/request.ts";

/** A stretch of the prompt. Literal text came from a client, and no control token may be read into it. */
export type PromptSegment = {
  readonly text: string;
  readonly isLiteral: boolean;
};

export type ChatTemplateOptions = {
  readonly source: string;
  /** Texts of the vocabulary's control tokens, e.g. `<|im_end|>`. */
  readonly controlTexts: readonly string[];
  readonly bosText: string | null;
  readonly eosText: string | null;
};

export class ChatTemplate {
  readonly #template: Template;
  readonly #variables: Record<string, unknown>;
  readonly #control: RegExp | null;
  // Private-use characters around a random word: no client can write the fence.
  readonly #open = `\uE000${randomBytes(8).toString("hex")}\uE001`;
  readonly #close = `\uE002${randomBytes(8).toString("hex")}\uE003`;

  /** @throws Error when the template cannot be parsed */
  constructor({ source, controlTexts, bosText, eosText }: ChatTemplateOptions) {
    this.#template = new Template(source);
    this.#variables = { bos_token: bosText ?? "", eos_token: eosText ?? "" };
    this.#control = anyOf(controlTexts);
  }

  /** @throws ServiceError `template_error` with the template's own words when it refuses the messages */
  render(messages: readonly Message[]): readonly PromptSegment[] {
    const fenced = messages.map(({ role, content }) => ({ role, content: this.#fence(content) }));
    return this.#unfence(this.#run(fenced));
  }

  #run(messages: readonly Message[]): string {
    try {
      return this.#template.render({
        ...this.#variables,
        messages,
        add_generation_prompt: true,
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ServiceError(
        "template_error",
        `the model's chat template refuses these messages: ${this.#withoutFences(reason)}`,
        { param: "messages", cause: error },
      );
    }
  }

  #fence(text: string): string {
    if (!this.#control) return text;
    return text.replace(this.#control, (found) => this.#open + found + this.#close);
  }

  #withoutFences(text: string): string {
    return text.replaceAll(this.#open, "").replaceAll(this.#close, "");
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

function anyOf(texts: readonly string[]): RegExp | null {
  const longestFirst = texts.filter((text) => text !== "").sort((a, b) => b.length - a.length);
  if (longestFirst.length === 0) return null;
  const alternatives = longestFirst.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(alternatives.join("|"), "g");
}
