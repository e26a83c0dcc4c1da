// The deterministic automaton of a language: its states are languages, and each character leads to at most one.

import type { Step, TextLanguage } from "../algebra/language-node.ts";

/** Limit on states that are searched for a text. */
const MOST_SEARCHED = 500;
const UNITS_PER_STATE = 2;

export type Automaton = {
  /** Each state and its step, without ways to states from which no text is accepted. Leaves have none. */
  readonly states: ReadonlyMap<TextLanguage, Step>;
  readonly leaves: ReadonlySet<TextLanguage>;
};

export type AutomatonOptions = {
  /** Whether a language can be written without states. The language must have a text. */
  readonly isLeaf: (language: TextLanguage) => boolean;
  readonly mostStates: number;
};

/** @returns null if it has more states; without states if no text is accepted */
export function automatonOf(language: TextLanguage, options: AutomatonOptions): Automaton | null {
  const found = explored(language, options);
  if (!found) return null;
  const { states, leaves } = found;
  const alive = aliveStates(states, leaves);
  const kept = [...states]
    .filter(([state]) => alive.has(state))
    .map(([state, step]) => [state, step.filter(({ next }) => alive.has(next))] as const);
  return { states: new Map(kept), leaves };
}

function explored(language: TextLanguage, { isLeaf, mostStates }: AutomatonOptions) {
  const states = new Map<TextLanguage, Step>();
  const leaves = new Set<TextLanguage>();
  const waiting = [language];
  for (const state of waiting) {
    if (states.has(state) || leaves.has(state)) continue;
    if (isLeaf(state)) {
      leaves.add(state);
      continue;
    }
    if (states.size >= mostStates) return null;
    const step = state.owner.step(state);
    state.owner.budget.spend(UNITS_PER_STATE + step.length / 2);
    states.set(state, step);
    for (const next of new Set(step.map((segment) => segment.next))) waiting.push(next);
  }
  return { states, leaves };
}

/** States from which a text is accepted. */
function aliveStates(
  states: ReadonlyMap<TextLanguage, Step>,
  leaves: ReadonlySet<TextLanguage>,
): ReadonlySet<TextLanguage> {
  const before = new Map<TextLanguage, TextLanguage[]>();
  for (const [state, step] of states)
    for (const { next } of step) {
      const list = before.get(next);
      if (list) list.push(state);
      else before.set(next, [state]);
    }
  const waiting = [...leaves, ...[...states.keys()].filter(({ isNullable }) => isNullable)];
  const alive = new Set(waiting);
  for (const state of waiting)
    for (const previous of before.get(state) ?? []) {
      if (alive.has(previous)) continue;
      alive.add(previous);
      waiting.push(previous);
    }
  return alive;
}

/** Whether it is certain that no text is in the language. False if it has too many states. */
export function isNothing(language: TextLanguage): boolean {
  const { everything, nothing } = language.owner;
  if (language === nothing || language.isPlain) return language === nothing;
  const isLeaf = (state: TextLanguage) => state === everything;
  return automatonOf(language, { isLeaf, mostStates: MOST_SEARCHED })?.states.size === 0;
}
