// Writes a language as grammar rules: the text inside the quotes of a string, with each text in one way only.

import type { GrammarNode } from "../nodes.ts";
import { ambiguityProblem } from "../pattern-ambiguity.ts";
import { Rules } from "../rules.ts";
import type { TextLanguage } from "./algebra/language-node.ts";
import { partsOf } from "./algebra/repetition.ts";
import { PatternError } from "./pattern/pattern-error.ts";
import { type Automaton, type AutomatonOptions, automatonOf } from "./writer/automaton.ts";
import { Predictable } from "./writer/predictable.ts";
import { PredictableWriter } from "./writer/predictable-writer.ts";
import { StateWriter } from "./writer/state-writer.ts";

/** An automaton with more states is written only if the language cannot be written in its own form. */
const FEW_STATES = 500;
const MOST_STATES = 4_000;

/** Limit on the count of a leaf of the automaton, if many leaves differ only in their counts. */
const MOST_COPIED = 8;

/**
 * @returns the text inside the quotes, escaped as the syntax requires; null if no text is in the language
 * @throws PatternError if the automaton has too many states
 * @throws SchemaError if the budget is spent
 */
export function textRule(rules: Rules, language: TextLanguage): GrammarNode | null {
  return rules.shared(language, () => newTextRule(rules, language));
}

function newTextRule(rules: Rules, language: TextLanguage): GrammarNode | null {
  const { owner } = language;
  const anyText = quotable(rules, language);
  const start = owner.both([language, anyText]);
  if (start === owner.nothing) return null;
  const predictable = new Predictable();
  const isLeaf = (state: TextLanguage) =>
    state === anyText || predictable.has(state, owner.nothing);
  const leaves = new PredictableWriter(rules, anyText);
  if (isLeaf(start)) return leaves.rule(start);
  const small = automatonOf(start, { isLeaf, mostStates: FEW_STATES });
  if (!small && isUnambiguous(rules, start)) return leaves.rule(start);
  const found = small ?? automatonOf(start, { isLeaf, mostStates: MOST_STATES });
  const automaton = found && withSharedCounts(start, { isLeaf, mostStates: MOST_STATES }, found);
  if (!automaton) throw new PatternError(`its automaton has more than ${MOST_STATES} states`);
  return automaton.states.size === 0
    ? null
    : new StateWriter({ rules, automaton, leaves }).write(start);
}

/** Makes states of leaves with high counts if there are many: each state leads to the one with a count lower by one. */
function withSharedCounts(
  start: TextLanguage,
  options: AutomatonOptions,
  found: Automaton,
): Automaton | null {
  const counts = [...found.leaves].map(firstCountOf);
  const copied = counts.reduce((sum, count) => sum + writtenCount(count), 0);
  if (copied < 3 * Math.max(MOST_COPIED, ...counts)) return found;
  const isLeaf = (state: TextLanguage) =>
    options.isLeaf(state) && firstCountOf(state) <= MOST_COPIED;
  return automatonOf(start, { ...options, isLeaf });
}

/** Roughly the length of a count's rule. A high count is written in blocks. */
function writtenCount(count: number): number {
  return Math.min(count, 200 + count / 20);
}

/** The highest count of the first repetition, or its minimum if it has no maximum; 0 if the first part is none. */
function firstCountOf({ form }: TextLanguage): number {
  const first = form.type === "sequence" ? form.first.form : form;
  if (first.type !== "repeat") return 0;
  return first.max === Infinity ? first.min : first.max;
}

/** Whether the language can be written in its own form without ambiguity, although it is not predictable. */
function isUnambiguous(rules: Rules, language: TextLanguage): boolean {
  if (!language.isPlain || !hasProgress(language)) return false;
  const { syntax, budget } = rules;
  const trial = new Rules({ syntax, budget });
  const node = new PredictableWriter(trial, language.owner.everything).rule(language);
  return ambiguityProblem(node, trial.bodies, budget) === null;
}

/** Whether every repeated part takes a character. llama.cpp refuses others. */
function hasProgress(language: TextLanguage): boolean {
  const { form } = language;
  switch (form.type) {
    case "sequence":
      return partsOf(language).every(hasProgress);
    case "either":
      return form.parts.every(hasProgress);
    case "repeat":
      return !form.part.isNullable && hasProgress(form.part);
    default:
      return true;
  }
}

/** The texts of the language that may be written between quotes. */
export function writable(rules: Rules, language: TextLanguage): TextLanguage {
  return language.owner.both([language, quotable(rules, language)]);
}

/** All texts that may be written between quotes. Without escapes, a text cannot contain the start of the quote. */
function quotable(rules: Rules, language: TextLanguage): TextLanguage {
  const { owner } = language;
  const [first = "", second = ""] = rules.syntax.quote;
  const start = [first, second].map((char) => owner.literal(char));
  const alphabet = owner.alphabet(language);
  const canContain = start.every((char) => owner.both([char, alphabet]) === char);
  if (rules.syntax.hasEscapes || !canContain) return owner.everything;
  return owner.not(owner.sequence(owner.everything, ...start, owner.everything));
}
