// Reads the arguments of a tool call as they arrive: finds where they end, and converts other syntaxes to JSON. Does not
// validate them: a grammar or the client does.

import type { Syntax } from "../../generation/syntax.ts";

type ReadArguments = {
  /** Length of the given text that was read as arguments. */
  readonly length: number;
  /** The same text as JSON. */
  readonly json: string;
  readonly isComplete: boolean;
};

export interface CallArguments {
  take(text: string): ReadArguments;
}

export function callArguments(syntax: Syntax): CallArguments {
  return syntax.hasEscapes ? new JsonArguments() : new BareArguments(syntax.quote);
}

/** Arguments that are written as JSON. */
class JsonArguments implements CallArguments {
  #depth = 0;
  #isInString = false;
  #isEscaped = false;

  take(text: string): ReadArguments {
    for (let at = 0; at < text.length; at++) {
      this.#step(text.charAt(at));
      if (this.#depth === 0)
        return { length: at + 1, json: text.slice(0, at + 1), isComplete: true };
    }
    return { length: text.length, json: text, isComplete: false };
  }

  #step(char: string): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (this.#isInString) {
      if (char === "\\") this.#isEscaped = true;
      else if (char === '"') this.#isInString = false;
    } else if (char === '"') this.#isInString = true;
    else if (char === "{" || char === "[") this.#depth += 1;
    else if (char === "}" || char === "]") this.#depth -= 1;
  }
}

const LITERAL = /^(true|false|null|-?\d[\d.eE+-]*)$/;

/** `{name:<q>text<q>,count:3}`: unquoted names, and strings in the format's own quotes, without escapes. */
class BareArguments implements CallArguments {
  readonly #quote: string;
  #depth = 0;
  #isInString = false;
  #word = "";

  constructor(quote: string) {
    this.#quote = quote;
  }

  take(text: string): ReadArguments {
    let json = "";
    let at = 0;
    while (at < text.length) {
      if (text.startsWith(this.#quote, at)) {
        json += '"';
        this.#isInString = !this.#isInString;
        at += this.#quote.length;
        continue;
      }
      const rest = text.slice(at, at + this.#quote.length);
      if (this.#quote.startsWith(rest)) break; // may be the start of a quote
      const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
      at += char.length;
      json += this.#isInString ? JSON.stringify(char).slice(1, -1) : this.#structure(char);
      if (this.#depth === 0 && !this.#isInString) return { length: at, json, isComplete: true };
    }
    return { length: at, json, isComplete: false };
  }

  /** The character after a word shows whether the word is a name or a literal. */
  #structure(char: string): string {
    if (/[^{}[\],:\s]/.test(char)) {
      this.#word += char;
      return "";
    }
    const word = this.#word;
    this.#word = "";
    if (char === "{" || char === "[") this.#depth += 1;
    if (char === "}" || char === "]") this.#depth -= 1;
    if (word === "") return char;
    return (char !== ":" && LITERAL.test(word) ? word : JSON.stringify(word)) + char;
  }
}
