// Sets of texts with exact union, intersection and complement. Automata come from derivatives: the language of what may follow
// a first character. See Owens, Reppy, Turon: Regular-expression derivatives re-examined (2009).

import { type CharRange, merged, without } from "../char-ranges.ts";
import type { CompileBudget } from "../compile-budget.ts";
import { newAlphabet } from "./algebra/alphabet.ts";
import { intersectionOf } from "./algebra/intersection.ts";
import { factsOf, keyOf } from "./algebra/language-facts.ts";
import type { LanguageForm, LanguageMaker, Step, TextLanguage } from "./algebra/language-node.ts";
import { concatenation, repetition } from "./algebra/repetition.ts";
import { newStep, nextLanguage } from "./algebra/step.ts";
import { unionOf } from "./algebra/union.ts";
import { PatternError } from "./pattern/pattern-error.ts";

export type { TextLanguage as Language } from "./algebra/language-node.ts";

/** A text is a sequence of characters; half of a surrogate pair is none. */
const SURROGATES: readonly CharRange[] = [[0xd800, 0xdfff]];

const UNITS_PER_LANGUAGE = 5;
/** Unions of texts with a common start contain unions. */
const MOST_DEPTH = 800;

/** The languages of one compile. Work is taken from the budget. */
export class Languages implements LanguageMaker {
  readonly budget: CompileBudget;
  /** No text at all. */
  readonly nothing: TextLanguage;
  /** Only the empty text. */
  readonly empty: TextLanguage;
  readonly anyChar: TextLanguage;
  /** Any text. */
  readonly everything: TextLanguage;
  #depth = 0;
  readonly #known = new Map<string, TextLanguage>();
  readonly #alphabets = new Map<TextLanguage, TextLanguage>();
  readonly #paid = new Set<string>();
  readonly #steps = new Map<TextLanguage, Step>();

  constructor(budget: CompileBudget) {
    this.budget = budget;
    this.nothing = this.intern({ type: "nothing" });
    this.empty = this.intern({ type: "empty" });
    this.anyChar = this.chars([[0, 0x10ffff]]);
    this.everything = this.intern({
      type: "repeat",
      part: this.anyChar,
      min: 0,
      max: Number.POSITIVE_INFINITY,
    });
  }

  /** One character of these code points. */
  chars(ranges: readonly CharRange[]): TextLanguage {
    const valid = without(merged(ranges), SURROGATES);
    return valid.length === 0 ? this.nothing : this.intern({ type: "chars", ranges: valid });
  }

  /** Exactly this text. */
  literal(text: string): TextLanguage {
    const codes = [...text].map((char) => char.codePointAt(0) ?? 0);
    return this.sequence(...codes.map((code) => this.chars([[code, code]])));
  }

  sequence(...parts: readonly TextLanguage[]): TextLanguage {
    return parts.reduceRight((rest, part) => concatenation(this, part, rest), this.empty);
  }

  /** The texts of any of the languages. @throws PatternError if they start with the same long text */
  either(parts: readonly TextLanguage[]): TextLanguage {
    if (this.#depth >= MOST_DEPTH)
      throw new PatternError(`it compares texts with more than ${MOST_DEPTH} equal characters`);
    this.#depth += 1;
    try {
      return unionOf(this, parts);
    } finally {
      this.#depth -= 1;
    }
  }

  both(parts: readonly TextLanguage[]): TextLanguage {
    return intersectionOf(this, parts);
  }

  /** All texts that are not in the language. */
  not(part: TextLanguage): TextLanguage {
    if (part === this.nothing) return this.everything;
    if (part === this.everything) return this.nothing;
    if (part === this.empty) return this.repeat(this.anyChar, 1, Number.POSITIVE_INFINITY);
    return part.form.type === "not" ? part.form.part : this.intern({ type: "not", part });
  }

  /** @param max `UNBOUNDED` for no limit */
  repeat(part: TextLanguage, min: number, max: number): TextLanguage {
    return repetition(this, part, { min, max });
  }

  /**
   * A language that contains itself.
   * @param name names this language among all loops
   * @param isNullable whether `expand` results in a nullable language
   * @param expand called at most once, when the first characters matter; must use the language only after a character
   */
  loop(name: string, isNullable: boolean, expand: () => TextLanguage): TextLanguage {
    const key = `l${name}`;
    return this.#known.get(key) ?? this.#add(key, { type: "loop", expand }, isNullable);
  }

  accepts(language: TextLanguage, text: string): boolean {
    let [rest, read] = [language, 0];
    for (const char of text) {
      if (rest === this.nothing || rest === this.everything) break; // the rest of the text changes nothing
      rest = nextLanguage(rest, char.codePointAt(0) ?? 0);
      read += 1;
    }
    this.budget.spendChars(read);
    return rest.isNullable;
  }

  /** Takes the units of work that is done once per name. */
  spendOnce(name: string, units: number): void {
    if (this.#paid.has(name)) return;
    this.#paid.add(name);
    this.budget.spend(units);
  }

  step(language: TextLanguage): Step {
    const known = this.#steps.get(language);
    if (known) return known;
    const step = newStep(language);
    this.budget.spend(1 + step.length / 4);
    this.#steps.set(language, step);
    return step;
  }

  alphabet(language: TextLanguage): TextLanguage {
    const known = this.#alphabets.get(language);
    if (known) return known;
    const alphabet = newAlphabet(this, language);
    this.#alphabets.set(language, alphabet);
    return alphabet;
  }

  intern(form: LanguageForm): TextLanguage {
    const key = keyOf(form);
    this.budget.spend(0.5 + key.length / 64);
    return this.#known.get(key) ?? this.#add(key, form, factsOf(form).isNullable);
  }

  #add(key: string, form: LanguageForm, isNullable: boolean): TextLanguage {
    this.budget.spend(UNITS_PER_LANGUAGE + key.length / 16);
    const facts = { ...factsOf(form), isNullable };
    const language: TextLanguage = { id: this.#known.size, form, owner: this, ...facts };
    this.#known.set(key, language);
    return language;
  }
}
