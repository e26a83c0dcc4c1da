// Control tokens that somebody wrote inside a message are fenced before a template sees them, so that the tokenizer can
// leave them as text.

import { randomBytes } from "node:crypto";
import type { Json } from "../../generation/request.ts";

/** A stretch of the prompt. Literal text came from a client, and no control token may be read into it. */
export type PromptSegment = {
  readonly text: string;
  readonly isLiteral: boolean;
};

export class PromptFence {
  readonly #control: RegExp | null;
  // Private-use characters around a random word: no client can write the fence.
  readonly #open = `\uE000${randomBytes(8).toString("hex")}\uE001`;
  readonly #close = `\uE002${randomBytes(8).toString("hex")}\uE003`;

  /** @param controlTexts texts of the vocabulary's control tokens */
  constructor(controlTexts: readonly string[]) {
    this.#control = anyOf(controlTexts);
  }

  /** All texts within, names of members too: a client wrote them. */
  fence(value: Json): Json {
    const control = this.#control;
    return control ? this.#visit(value, control) : value;
  }

  /** For people to read. */
  without(text: string): string {
    return text.replaceAll(this.#open, "").replaceAll(this.#close, "");
  }

  segments(rendered: string): PromptSegment[] {
    const segments: PromptSegment[] = [];
    for (const [index, stretch] of rendered.split(this.#open).entries()) {
      const fenceEnd = index === 0 ? -1 : stretch.indexOf(this.#close);
      const after = fenceEnd < 0 ? 0 : fenceEnd + this.#close.length;
      if (fenceEnd > 0) segments.push({ text: stretch.slice(0, fenceEnd), isLiteral: true });
      const rest = this.without(stretch.slice(after)); // a template may have cut a message in two
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

/** Finds any of the texts, the longest where several begin alike; null when there is none. */
export function anyOf(texts: readonly string[]): RegExp | null {
  const longestFirst = texts.filter((text) => text !== "").sort((a, b) => b.length - a.length);
  if (longestFirst.length === 0) return null;
  const alternatives = longestFirst.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(alternatives.join("|"), "g");
}
