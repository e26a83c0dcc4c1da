// Finds languages whose own form can be written as a rule: at each position, the next character alone decides which part follows.
// Such a rule is shorter than an automaton, and llama.cpp follows one way through it.

import type { TextLanguage } from "../algebra/language-node.ts";

export class Predictable {
  readonly #firsts = new Map<TextLanguage, TextLanguage>();
  readonly #known = new Map<TextLanguage, Map<TextLanguage, boolean>>();

  /**
   * @param follow the characters that may come after a text of the language; `nothing` at the end of a text
   * @returns whether the next character always decides which part follows
   */
  has(language: TextLanguage, follow: TextLanguage): boolean {
    if (!language.isPlain) return false;
    const answers = this.#known.get(language) ?? new Map<TextLanguage, boolean>();
    this.#known.set(language, answers);
    const known = answers.get(follow);
    if (known !== undefined) return known;
    const answer = this.#check(language, follow);
    answers.set(follow, answer);
    return answer;
  }

  #check(language: TextLanguage, follow: TextLanguage): boolean {
    const { form, owner } = language;
    owner.budget.spend(1);
    switch (form.type) {
      case "nothing":
      case "empty":
      case "chars":
        return true;
      case "sequence":
        return this.#checkSequence(language, follow);
      case "either": {
        const firsts = form.parts.map((part) => this.#first(part));
        const nullable = form.parts.filter(({ isNullable }) => isNullable).length;
        if (nullable > 1) return false;
        const all = nullable === 1 ? [...firsts, follow] : firsts;
        return areDisjoint(all) && form.parts.every((part) => this.has(part, follow));
      }
      case "repeat": {
        const { part, min, max } = form;
        if (part.isNullable) return false;
        const first = this.#first(part);
        if (min !== max && !areDisjoint([first, follow])) return false;
        return this.has(part, max > 1 ? owner.either([first, follow]) : follow);
      }
      default:
        return false;
    }
  }

  /** From the end, because sequences can be long. */
  #checkSequence(language: TextLanguage, follow: TextLanguage): boolean {
    const { owner } = language;
    const firsts: TextLanguage[] = [];
    let rest = language;
    for (; rest.form.type === "sequence"; rest = rest.form.rest) firsts.push(rest.form.first);
    if (!this.has(rest, follow)) return false;
    let next = rest.isNullable ? owner.either([this.#first(rest), follow]) : this.#first(rest);
    for (const first of firsts.toReversed()) {
      if (!this.has(first, next)) return false;
      next = first.isNullable ? owner.either([this.#first(first), next]) : this.#first(first);
    }
    return true;
  }

  /** The characters that a text of the language may start with. */
  #first(language: TextLanguage): TextLanguage {
    const known = this.#firsts.get(language);
    if (known) return known;
    const first = this.#newFirst(language);
    this.#firsts.set(language, first);
    return first;
  }

  #newFirst(language: TextLanguage): TextLanguage {
    const { form, owner } = language;
    switch (form.type) {
      case "chars":
        return language;
      case "sequence":
        return form.first.isNullable
          ? owner.either([this.#first(form.first), this.#first(form.rest)])
          : this.#first(form.first);
      case "either":
        return owner.either(form.parts.map((part) => this.#first(part)));
      case "repeat":
        return this.#first(form.part);
      default:
        return owner.nothing;
    }
  }
}

/** Whether no character is in two of the classes. */
function areDisjoint(classes: readonly TextLanguage[]): boolean {
  const ranges = classes
    .flatMap(({ form }) => (form.type === "chars" ? form.ranges : []))
    .sort((a, b) => a[0] - b[0]);
  classes[0]?.owner.budget.spend(ranges.length / 2);
  return ranges.every(([from], index) => from > (ranges[index - 1]?.[1] ?? -1));
}
