// The texts in which a regular expression finds a match, as a language. Patterns are not anchored, as JSON Schema says.

import type { CharRange } from "../char-ranges.ts";
import { endingWith } from "./algebra/edges.ts";
import type { TextLanguage } from "./algebra/language-node.ts";
import type { Languages } from "./language.ts";
import { AssertionReader, isEqualRest, type Rest, sameRest } from "./pattern/assertions.ts";
import { NO_WORD, WORD } from "./pattern/char-classes.ts";
import { PatternError } from "./pattern/pattern-error.ts";
import type { PatternNode } from "./pattern/pattern-node.ts";
import { readPattern } from "./pattern/pattern-reader.ts";

const MOST_CHARS = 12_000;
/** Budget units per character. */
const UNITS_PER_CHAR = 2;
/** For searching the characters of a property. Always spent, although the result is kept: the same request must cost the same. */
const UNITS_PER_PROPERTY = 10_000;

/** Languages of patterns, kept because many names are compared with the same pattern. */
const read = new WeakMap<Languages, Map<string, TextLanguage>>();

/**
 * @param pattern of ECMA-262, valid with the flag `u` or without flags
 * @throws PatternError why it cannot become a language, worded to follow "the pattern cannot be enforced:"
 * @throws SchemaError if the budget is spent
 */
export function patternLanguage(languages: Languages, pattern: string): TextLanguage {
  const known = read.get(languages) ?? new Map<string, TextLanguage>();
  read.set(languages, known);
  const language = known.get(pattern) ?? newPatternLanguage(languages, pattern);
  known.set(pattern, language);
  return language;
}

function newPatternLanguage(languages: Languages, pattern: string): TextLanguage {
  if (pattern.length > MOST_CHARS)
    throw new PatternError(`it has more than ${MOST_CHARS} characters`);
  languages.budget.spend(pattern.length * UNITS_PER_CHAR);
  for (const [property] of pattern.matchAll(/\\[pP]\{[^}]*\}/g))
    languages.spendOnce(property.slice(2), UNITS_PER_PROPERTY);
  return new PatternSearch(languages).found(readPattern(pattern));
}

class PatternSearch {
  readonly #languages: Languages;
  readonly #reader: AssertionReader;

  constructor(languages: Languages) {
    this.#languages = languages;
    this.#reader = new AssertionReader(languages);
  }

  /** Texts with a match anywhere. */
  found(node: PatternNode): TextLanguage {
    const options = node.type === "choice" ? node.options : [node];
    if (!options.some(hasLookbehind)) return this.#anywhere(node, this.#languages.everything);
    return this.#languages.either(options.map((option) => this.#optionFound(option)));
  }

  /** Texts with a part that matches the node and is followed by a text of `after`. */
  #anywhere(node: PatternNode, after: TextLanguage): TextLanguage {
    const { everything } = this.#languages;
    return this.#joined(everything, this.#reader.read(node, sameRest(after), "text-start"));
  }

  /** Texts that start with a text of `before` and continue with `rest`, which depends on the character before it. */
  #joined(before: TextLanguage, rest: Rest): TextLanguage {
    const languages = this.#languages;
    if (isEqualRest(rest)) return languages.sequence(before, rest.start);
    const { nothing, anyChar } = languages;
    const short = before.isNullable ? rest.start : nothing;
    const after = (chars: readonly CharRange[], next: TextLanguage) =>
      languages.sequence(endingWith(before, languages.chars(chars)), next);
    if (rest.word === rest.other)
      return languages.either([short, languages.sequence(endingWith(before, anyChar), rest.word)]);
    return languages.either([short, after(WORD, rest.word), after(NO_WORD, rest.other)]);
  }

  /** Texts with a match of one option. A lookbehind in it is a condition on the text before it. */
  #optionFound(option: PatternNode): TextLanguage {
    const { empty, everything } = this.#languages;
    const parts = option.type === "sequence" ? option.parts : [option];
    const last = parts.findLastIndex(isLookbehind);
    let before = everything;
    for (const part of parts.slice(0, last + 1)) {
      if (part.type === "start") before = this.#languages.both([before, empty]);
      else if (part.type === "look" && !part.isAhead) {
        const ending = this.#anywhere(part.body, empty);
        const allowed = part.isNegated ? this.#languages.not(ending) : ending;
        before = this.#languages.both([before, allowed]);
      } else {
        const plain = this.#reader.plain(part);
        if (!plain) throw new PatternError("it has a lookbehind after another assertion");
        before = this.#languages.sequence(before, plain);
      }
    }
    const after: PatternNode = { type: "sequence", parts: parts.slice(last + 1) };
    return this.#joined(before, this.#reader.read(after, sameRest(everything), "text-start"));
  }
}

function isLookbehind(node: PatternNode): boolean {
  return node.type === "look" && !node.isAhead;
}

function hasLookbehind(node: PatternNode): boolean {
  return isLookbehind(node) || (node.type === "sequence" && node.parts.some(isLookbehind));
}
