// Finds stop strings in text that arrives in fragments, and holds back text that may become one.

export type StopScan = {
  /** Text that is part of the answer whatever comes next. */
  readonly text: string;
  /** The stop string that ends the answer after `text`; null if none was found. */
  readonly stopString: string | null;
};

/** Node of the automaton before any text. */
const ROOT = 0;

/** The scanner of one answer. No part of a stop string is returned, however many fragments it is split into. */
export class StopSequences {
  readonly #stops: readonly string[];
  readonly #automaton: StopAutomaton;
  #node = ROOT;
  #held = "";

  constructor(stops: readonly string[]) {
    this.#stops = stops;
    this.#automaton = new StopAutomaton(stops);
  }

  push(fragment: string): StopScan {
    if (this.#stops.length === 0) return { text: fragment, stopString: null };
    const text = this.#held + fragment;
    const found = this.#firstStop(text);
    if (found) {
      this.flush();
      return { text: text.slice(0, found.at), stopString: found.stop };
    }
    const sure = text.length - this.#automaton.depthOf(this.#node);
    this.#held = text.slice(sure);
    return { text: text.slice(0, sure), stopString: null };
  }

  /** @returns the text that was held back, at the end of the answer */
  flush(): string {
    const text = this.#held;
    this.#held = "";
    this.#node = ROOT;
    return text;
  }

  /** The stop string that begins first. The automaton has read the held text already. */
  #firstStop(text: string): { readonly at: number; readonly stop: string } | null {
    let first: { readonly at: number; readonly stop: string } | null = null;
    for (let index = this.#held.length; index < text.length; index++) {
      this.#node = this.#automaton.next(this.#node, text.charCodeAt(index));
      const stop = this.#automaton.stopAt(this.#node);
      if (stop === null) continue;
      const at = index + 1 - stop.length;
      if (!first || at < first.at) first = { at, stop };
    }
    return first;
  }
}

/** Number of UTF-16 units: a node and a unit make one key. */
const UNITS = 0x10000;

/**
 * The Aho-Corasick automaton of the stop strings: reads each character once, however many strings there are and however much
 * text they hold back. A node stands for a beginning of a stop string.
 */
class StopAutomaton {
  readonly #children = new Map<number, number>();
  readonly #depths = [0];
  /** Node of the longest proper end of a node's text that is also a beginning. */
  readonly #fallbacks = [ROOT];
  /** The longest stop string that a node's text ends with. */
  readonly #stops: (string | null)[] = [null];

  constructor(stops: readonly string[]) {
    const edges = stops.flatMap((stop) => this.#add(stop));
    edges.sort((one, other) => one.depth - other.depth); // a fallback is less deep than its node
    for (const { parent, unit, node } of edges) {
      const fallback = parent === ROOT ? ROOT : this.next(this.#fallbacks[parent] ?? ROOT, unit);
      this.#fallbacks[node] = fallback;
      this.#stops[node] ??= this.#stops[fallback] ?? null;
    }
  }

  next(from: number, unit: number): number {
    for (let node = from; ; node = this.#fallbacks[node] ?? ROOT) {
      const child = this.#children.get(node * UNITS + unit);
      if (child !== undefined) return child;
      if (node === ROOT) return ROOT;
    }
  }

  depthOf(node: number): number {
    return this.#depths[node] ?? 0;
  }

  stopAt(node: number): string | null {
    return this.#stops[node] ?? null;
  }

  /** @returns the new edges */
  #add(stop: string) {
    const edges: { parent: number; unit: number; node: number; depth: number }[] = [];
    let parent = ROOT;
    for (let index = 0; index < stop.length; index++) {
      const unit = stop.charCodeAt(index);
      const known = this.#children.get(parent * UNITS + unit);
      const node = known ?? this.#depths.length;
      if (known === undefined) {
        const depth = index + 1;
        this.#children.set(parent * UNITS + unit, node);
        this.#depths.push(depth);
        this.#fallbacks.push(ROOT);
        this.#stops.push(null);
        edges.push({ parent, unit, node, depth });
      }
      parent = node;
    }
    this.#stops[parent] = stop;
    return edges;
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
