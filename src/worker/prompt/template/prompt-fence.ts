// Fences the text of control tokens inside client messages before the template renders them, so that the tokenizer treats it
// as plain text.

import { randomInt } from "node:crypto";
import type { Json } from "../../../generation/request.ts";

/** A part of the prompt. Literal text came from a client and must not be tokenized to control tokens. */
export type PromptSegment = {
  readonly text: string;
  readonly isLiteral: boolean;
};

export class PromptFence {
  readonly #control: RegExp | null;
  // Private-use characters around random digits, so that no client can write the fence, and the filter `upper` keeps it.
  readonly #open = `\uE000${randomDigits()}\uE001`;
  readonly #close = `\uE002${randomDigits()}\uE003`;

  /** @param controlTexts texts of the vocabulary's control tokens */
  constructor(controlTexts: readonly string[]) {
    this.#control = anyOf(controlTexts);
  }

  /** Fences all strings in the value, including member names, because a client wrote them. */
  fence(value: Json): Json {
    const control = this.#control;
    return control ? this.#visit(value, control) : value;
  }

  /** Removes the fences, for messages to people. */
  without(text: string): string {
    return text.replaceAll(this.#open, "").replaceAll(this.#close, "");
  }

  segments(rendered: string): PromptSegment[] {
    const segments: PromptSegment[] = [];
    for (const [index, part] of rendered.split(this.#open).entries()) {
      const fenceEnd = index === 0 ? -1 : part.indexOf(this.#close);
      const after = fenceEnd < 0 ? 0 : fenceEnd + this.#close.length;
      if (fenceEnd > 0) segments.push({ text: part.slice(0, fenceEnd), isLiteral: true });
      const rest = this.without(part.slice(after)); // the template may have split a fence
      if (rest !== "") segments.push({ text: rest, isLiteral: false });
    }
    return segments;
  }

  #visit(value: Json, control: RegExp): Json {
    if (typeof value === "string")
      return value.replace(control, (found) => this.#open + found + this.#close);
    if (Array.isArray(value)) return value.map((item) => this.#visit(item, control));
    if (typeof value !== "object" || value === null) return value;
    const members = Object.entries(value).map(([name, member]) => [
      this.#visit(name, control),
      this.#visit(member, control),
    ]);
    return Object.fromEntries(members);
  }
}

/** About 64 bits. */
export function randomDigits(): string {
  return [0, 0].map(() => `${randomInt(2 ** 32)}`.padStart(10, "0")).join("");
}

/** @returns a pattern that matches any of the texts, the longest first; null without texts */
export function anyOf(texts: readonly string[]): RegExp | null {
  const longestFirst = texts.filter((text) => text !== "").sort((a, b) => b.length - a.length);
  if (longestFirst.length === 0) return null;
  const alternatives = longestFirst.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(alternatives.join("|"), "g");
}
