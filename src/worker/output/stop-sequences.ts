// Finds stop strings in a text that arrives in fragments, and holds back what may still become one.

export type StopScan = {
  /** Text that is certain to be part of the answer. */
  readonly text: string;
  /** The stop string that was found: the answer ends after `text`. Null while there is none. */
  readonly stopString: string | null;
};

/** One answer's scanner. A stop string that is split over any number of fragments never leaks. */
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
    const heldLength = this.#heldLength(text);
    this.#held = text.slice(text.length - heldLength);
    return { text: text.slice(0, text.length - heldLength), stopString: null };
  }

  /** What was held back and, the answer being over, is text after all. */
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

  /** Length of the longest end of the text with which some stop string begins. */
  #heldLength(text: string): number {
    let longest = 0;
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
        if (stop.startsWith(text.slice(text.length - length))) longest = length;
      }
    }
    return longest;
  }
}
