// Finds stop strings in text that arrives in fragments, and holds back text that may become one.

export type StopScan = {
  /** Text that is part of the answer whatever comes next. */
  readonly text: string;
  /** The stop string that ends the answer after `text`; null if none was found. */
  readonly stopString: string | null;
};

/** The scanner of one answer. No part of a stop string is returned, however many fragments it is split into. */
export class StopSequences {
  readonly #stops: readonly string[];
  #held = "";

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  push(fragment: string): StopScan {
    if (this.#stops.length === 0) return { text: fragment, stopString: null };
    const text = this.#held + fragment;
    const found = this.#firstStop(text);
    if (found) {
      this.#held = "";
      return { text: text.slice(0, found.at), stopString: found.stop };
    }
    const sure = text.length - longestStart(this.#stops, text);
    this.#held = text.slice(sure);
    return { text: text.slice(0, sure), stopString: null };
  }

  /** @returns the text that was held back, at the end of the answer */
  flush(): string {
    const text = this.#held;
    this.#held = "";
    return text;
  }

  #firstStop(text: string): { readonly at: number; readonly stop: string } | null {
    let first: { readonly at: number; readonly stop: string } | null = null;
    for (const stop of this.#stops) {
      const at = text.indexOf(stop);
      if (at >= 0 && (!first || at < first.at)) first = { at, stop };
    }
    return first;
  }
}

/** Length of the longest end of the text that may become one of the words. */
export function longestStart(words: readonly string[], text: string): number {
  let longest = 0;
  for (const word of words) {
    for (let length = Math.min(word.length - 1, text.length); length > longest; length--) {
      if (word.startsWith(text.slice(text.length - length))) longest = length;
    }
  }
  return longest;
}
