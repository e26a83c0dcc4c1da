// A language is a set of texts. Languages are built by `Languages`, never changed, and equal constructions are the same object.

import type { CharRange } from "../../char-ranges.ts";
import type { CompileBudget } from "../../compile-budget.ts";

export type TextLanguage = {
  /** In order of construction, per `Languages`. */
  readonly id: number;
  readonly form: LanguageForm;
  /** Whether it contains the empty text. */
  readonly isNullable: boolean;
  /** All texts have at least this many characters. */
  readonly shortest: number;
  /** No text has more characters; infinite if the length has no known limit. */
  readonly longest: number;
  /** Whether it is built without intersections and complements. Such a language other than `nothing` contains a text. */
  readonly isPlain: boolean;
  readonly owner: LanguageMaker;
};

export type LanguageForm =
  | { readonly type: "nothing" }
  | { readonly type: "empty" }
  /** One character of these ranges, which are sorted and do not touch. */
  | { readonly type: "chars"; readonly ranges: readonly CharRange[] }
  /** `first` is never a sequence itself. */
  | { readonly type: "sequence"; readonly first: TextLanguage; readonly rest: TextLanguage }
  | { readonly type: "either"; readonly parts: readonly TextLanguage[] }
  | { readonly type: "both"; readonly parts: readonly TextLanguage[] }
  | { readonly type: "not"; readonly part: TextLanguage }
  | {
      readonly type: "repeat";
      readonly part: TextLanguage;
      readonly min: number;
      readonly max: number;
    }
  /** A language that contains itself, after at least one character. */
  | { readonly type: "loop"; readonly expand: () => TextLanguage };

/** Sorted ranges of first characters, each with the language of the texts that may follow. */
export type Step = readonly Segment[];
export type Segment = {
  readonly from: number;
  readonly to: number;
  readonly next: TextLanguage;
};

/** The constructors, which bring a language into its shortest known form. */
export interface LanguageMaker {
  readonly budget: CompileBudget;
  readonly nothing: TextLanguage;
  readonly empty: TextLanguage;
  readonly anyChar: TextLanguage;
  readonly everything: TextLanguage;
  literal(text: string): TextLanguage;
  chars(ranges: readonly CharRange[]): TextLanguage;
  sequence(...parts: readonly TextLanguage[]): TextLanguage;
  either(parts: readonly TextLanguage[]): TextLanguage;
  both(parts: readonly TextLanguage[]): TextLanguage;
  not(part: TextLanguage): TextLanguage;
  repeat(part: TextLanguage, min: number, max: number): TextLanguage;
  step(language: TextLanguage): Step;
  /** All characters that may be in a text of the language, or more. */
  alphabet(language: TextLanguage): TextLanguage;
  /** The one language of this form; the parts must be simplified already. */
  intern(form: LanguageForm): TextLanguage;
}
