// Writes an automaton as rules that also count characters: one rule for each state and count. Multiplying the automaton with
// that of the count would give the same states, at many times the cost.

import { choice, type GrammarNode, optional, sequence } from "../../nodes.ts";
import type { Rules } from "../../rules.ts";
import type { TextLanguage } from "../algebra/language-node.ts";
import type { Automaton } from "./automaton.ts";
import { waysOf } from "./state-writer.ts";
import { charNode } from "./text-chars.ts";

export type CharCount = { readonly min: number; readonly max: number };

/** A state of the automaton, with the characters that lead from it as nodes. */
type CountedState = {
  readonly isEnd: boolean;
  readonly ways: readonly { readonly char: GrammarNode; readonly next: number }[];
};

/** @returns null if no text of the automaton has an allowed number of characters */
export function countedRule(
  rules: Rules,
  { states }: Automaton,
  { min, max }: CharCount,
): GrammarNode | null {
  const all = numbered(rules, states);
  const reached = reachedStates(all, max);
  /** Rules of the states with the next higher count; null for one that leads to no end. */
  let next: readonly (GrammarNode | null)[] = all.map(() => null);
  for (let count = max; count >= 0; count--) {
    const after = next;
    next = all.map((state, index) => {
      if (!reached[count]?.has(index)) return null;
      return counted(rules, state, { after, mayEnd: count >= min });
    });
  }
  return next[0] ?? null;
}

const END = sequence();

function counted(
  rules: Rules,
  { ways, isEnd }: CountedState,
  { after, mayEnd }: { readonly after: readonly (GrammarNode | null)[]; readonly mayEnd: boolean },
): GrammarNode | null {
  const options = ways.flatMap(({ char, next }) => {
    const rest = after[next];
    return rest ? [sequence(char, rest)] : [];
  });
  if (options.length === 0) return isEnd && mayEnd ? END : null;
  const body = choice(...options);
  return rules.add("text", isEnd && mayEnd ? optional(body) : body);
}

/** The first state is the start. */
function numbered(rules: Rules, states: Automaton["states"]): readonly CountedState[] {
  const numbers = new Map([...states.keys()].map((state, index) => [state, index]));
  const numberOf = (state: TextLanguage) => numbers.get(state) ?? 0;
  return [...states].map(([state, step]) => ({
    isEnd: state.isNullable,
    ways: [...waysOf(step)].map(([next, ranges]) => ({
      char: charNode(rules, ranges),
      next: numberOf(next),
    })),
  }));
}

/** For each count from 0, the states that a text of this length can lead to. */
function reachedStates(
  states: readonly CountedState[],
  max: number,
): readonly ReadonlySet<number>[] {
  const reached: Set<number>[] = [new Set([0])];
  for (let count = 0; count < max; count++) {
    const next = new Set<number>();
    for (const index of reached[count] ?? [])
      for (const way of states[index]?.ways ?? []) next.add(way.next);
    reached.push(next);
  }
  return reached;
}
