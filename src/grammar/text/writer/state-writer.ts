// Writes an automaton as rules: one per state, which reads a character and continues with the rule of the next state. A state
// that only one state leads to, and that leads to only one, becomes part of the rule before it.

import type { CharRange } from "../../char-ranges.ts";
import {
  anyNumberOf,
  choice,
  type GrammarNode,
  type GrammarPart,
  optional,
  rule,
  sequence,
} from "../../nodes.ts";
import type { Rules } from "../../rules.ts";
import type { Step, TextLanguage } from "../algebra/language-node.ts";
import type { Automaton } from "./automaton.ts";
import type { PredictableWriter } from "./predictable-writer.ts";
import { charNode, onlyCode, writtenText } from "./text-chars.ts";

type StateWriterOptions = {
  readonly rules: Rules;
  readonly automaton: Automaton;
  readonly leaves: PredictableWriter;
};

/** The next states, each with the characters that lead to it. */
type Ways = ReadonlyMap<TextLanguage, readonly CharRange[]>;

export class StateWriter {
  readonly #rules: Rules;
  readonly #leaves: PredictableWriter;
  readonly #ways: ReadonlyMap<TextLanguage, Ways>;
  /** Number of states that lead to a state. */
  readonly #entries = new Map<TextLanguage, number>();
  readonly #names = new Map<TextLanguage, string>();

  constructor({ rules, automaton, leaves }: StateWriterOptions) {
    this.#rules = rules;
    this.#leaves = leaves;
    this.#ways = new Map([...automaton.states].map(([state, step]) => [state, waysOf(step)]));
    for (const ways of this.#ways.values())
      for (const next of ways.keys()) this.#entries.set(next, (this.#entries.get(next) ?? 0) + 1);
  }

  write(start: TextLanguage): GrammarNode {
    const named = [...this.#ways.keys()].filter((state) => state === start || !this.#isLink(state));
    for (const state of named) this.#names.set(state, this.#rules.reserve("text"));
    // From the last state, so that a measure of the rules that follows references is not deep.
    for (const state of named.toReversed()) this.#rules.set(this.#nameOf(state), this.#body(state));
    return rule(this.#nameOf(start));
  }

  #nameOf(state: TextLanguage): string {
    return this.#names.get(state) ?? "";
  }

  /** Whether the state is a link of a chain without choices. */
  #isLink(state: TextLanguage): boolean {
    const ways = this.#ways.get(state);
    return (
      ways?.size === 1 && !state.isNullable && !ways.has(state) && this.#entries.get(state) === 1
    );
  }

  #body(state: TextLanguage): GrammarNode {
    const ways = this.#ways.get(state) ?? new Map<TextLanguage, readonly CharRange[]>();
    const repeats = ways.get(state);
    const others = [...ways].filter(([next]) => next !== state);
    const options = choice(...others.map(([next, ranges]) => this.#way(ranges, next)));
    return sequence(
      repeats ? anyNumberOf(charNode(this.#rules, repeats)) : "",
      state.isNullable && others.length > 0 ? optional(options) : options,
    );
  }

  /** The character, those of the chain after it, and the state at its end. */
  #way(first: readonly CharRange[], to: TextLanguage): GrammarNode {
    const classes = [first];
    let next = to;
    while (!this.#names.has(next)) {
      const [only] = this.#ways.get(next) ?? [];
      if (!only) break;
      classes.push(only[1]);
      next = only[0];
    }
    const end = this.#names.has(next) ? rule(this.#nameOf(next)) : this.#leaves.rule(next);
    return sequence(...this.#chain(classes), end);
  }

  #chain(classes: readonly (readonly CharRange[])[]): readonly GrammarPart[] {
    const parts: GrammarPart[] = [];
    let codes: number[] = [];
    for (const [index, ranges] of classes.entries()) {
      const code = onlyCode(ranges);
      if (code !== null) codes.push(code);
      if (codes.length > 0 && (code === null || index === classes.length - 1)) {
        parts.push(writtenText(this.#rules, codes));
        codes = [];
      }
      if (code === null) parts.push(charNode(this.#rules, ranges));
    }
    return parts;
  }
}

/** The next states of a step, each with the characters that lead to it. */
export function waysOf(step: Step): Ways {
  const ways = new Map<TextLanguage, [number, number][]>();
  for (const { from, to, next } of step) {
    const ranges = ways.get(next);
    if (!ranges) ways.set(next, [[from, to]]);
    else {
      const last = ranges.at(-1);
      if (last && last[1] + 1 === from) last[1] = to;
      else ranges.push([from, to]);
    }
  }
  return ways;
}
