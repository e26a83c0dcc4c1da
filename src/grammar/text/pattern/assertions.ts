// Assertions of regular expressions as intersections. A pattern is read from its end: each part gets the language of everything
// that may follow it, so that an assertion is the intersection of that language with its condition.

import { endingWith, startingWith } from "../algebra/edges.ts";
import type { TextLanguage } from "../algebra/language-node.ts";
import type { Languages } from "../language.ts";
import { NO_WORD, WORD } from "./char-classes.ts";
import { PatternError } from "./pattern-error.ts";
import type { Assertion, PatternNode } from "./pattern-node.ts";

/** Limit on copies of a repeated part with assertions. */
const MOST_COPIES = 100;

/** The texts that may follow a position, by what is before it: nothing of this pattern, a word character, another character. */
export type Rest = {
  readonly start: TextLanguage;
  readonly word: TextLanguage;
  readonly other: TextLanguage;
};

/** The position of the start of the pattern: at the start of the text, or after a character. */
type Before = "text-start" | "word" | "other";

export function sameRest(language: TextLanguage): Rest {
  return { start: language, word: language, other: language };
}

export function isEqualRest({ start, word, other }: Rest): boolean {
  return start === word && word === other;
}

export class AssertionReader {
  readonly #languages: Languages;
  readonly #word: TextLanguage;
  readonly #noWord: TextLanguage;
  /** Languages of nodes; null for a node with assertions. */
  readonly #plain = new Map<PatternNode, TextLanguage | null>();
  readonly #names = new Map<PatternNode, string>();

  constructor(languages: Languages) {
    this.#languages = languages;
    this.#word = languages.chars(WORD);
    this.#noWord = languages.chars(NO_WORD);
  }

  /** @returns what may follow the position before the node, if `rest` may follow the node */
  read(node: PatternNode, rest: Rest, before: Before): Rest {
    this.#languages.budget.spend(1);
    const plain = this.plain(node);
    if (plain) return this.#followed(plain, rest);
    switch (node.type) {
      case "chars":
        return rest; // never reached: such a node is plain
      case "sequence":
        return node.parts.reduceRight((after, part) => this.read(part, after, before), rest);
      case "choice": {
        const options = node.options.map((option) => this.read(option, rest, before));
        return this.#eachOf(rest, (_, key) =>
          this.#languages.either(options.map((option) => option[key])),
        );
      }
      case "repeat":
        return this.#repeated(node, rest, before);
      default:
        return this.#asserted(node, rest, before);
    }
  }

  /** The language of a node without assertions; null for another. */
  plain(node: PatternNode): TextLanguage | null {
    const known = this.#plain.get(node);
    if (known !== undefined) return known;
    const language = this.#newPlain(node);
    this.#plain.set(node, language);
    return language;
  }

  #newPlain(node: PatternNode): TextLanguage | null {
    switch (node.type) {
      case "chars":
        return this.#languages.chars(node.ranges);
      case "sequence": {
        const parts = node.parts.map((part) => this.plain(part));
        return parts.every((part) => part !== null) ? this.#languages.sequence(...parts) : null;
      }
      case "choice": {
        const options = node.options.map((option) => this.plain(option));
        return options.every((part) => part !== null) ? this.#languages.either(options) : null;
      }
      case "repeat": {
        const part = this.plain(node.part);
        return part && this.#languages.repeat(part, node.min, node.max);
      }
      default:
        return null;
    }
  }

  #followed(plain: TextLanguage, rest: Rest): Rest {
    const languages = this.#languages;
    if (isEqualRest(rest)) return sameRest(languages.sequence(plain, rest.start));
    const isWordEqual = rest.word === rest.other;
    const ends = isWordEqual ? [languages.anyChar] : [this.#word, this.#noWord];
    const after = ends.map((chars) => {
      const next = chars === this.#noWord ? rest.other : rest.word;
      return languages.sequence(endingWith(plain, chars), next);
    });
    const whole = isWordEqual ? languages.sequence(plain, rest.word) : null;
    return this.#eachOf(rest, (same) => {
      if (whole && same === rest.word) return whole;
      return languages.either(plain.isNullable ? [same, ...after] : after);
    });
  }

  #asserted(node: Assertion, rest: Rest, before: Before): Rest {
    const languages = this.#languages;
    switch (node.type) {
      case "start": {
        const { nothing } = languages;
        const start = before === "text-start" ? rest.start : nothing;
        return { start, word: nothing, other: nothing };
      }
      case "end":
        return this.#eachOf(rest, (after) => languages.both([after, languages.empty]));
      case "boundary":
        return this.#eachOf(rest, (after, key) => {
          const isAfterWord = key === "word" || (key === "start" && before === "word");
          if (isAfterWord === node.isNegated) return startingWith(after, this.#word);
          const ended = languages.both([after, languages.empty]);
          return languages.either([ended, startingWith(after, this.#noWord)]);
        });
      case "look": {
        if (!node.isAhead) throw new PatternError("it has a lookbehind inside a group");
        const ahead = this.read(node.body, sameRest(languages.everything), before);
        return this.#eachOf(rest, (after, key) =>
          languages.both([after, node.isNegated ? languages.not(ahead[key]) : ahead[key]]),
        );
      }
    }
  }

  #repeated(
    { part, min, max }: Extract<PatternNode, { type: "repeat" }>,
    rest: Rest,
    before: Before,
  ): Rest {
    const isLoop = max === Infinity;
    const copies = isLoop ? min : max;
    if (copies > MOST_COPIES)
      throw new PatternError(`it repeats an assertion more than ${MOST_COPIES} times`);
    let result = isLoop ? this.#loop(part, rest, before) : rest;
    for (let count = isLoop ? min : max; count > 0; count--) {
      const once = this.read(part, result, before);
      result =
        count > min
          ? this.#eachOf(rest, (end, key) => this.#languages.either([end, once[key]]))
          : once;
    }
    return result;
  }

  /** Any number of times. Each time takes at least a character, so that the language can refer to itself. */
  #loop(part: PatternNode, rest: Rest, before: Before): Rest {
    const languages = this.#languages;
    const { nothing } = languages;
    const name = this.#nameOf(part);
    const loopAfter = (kind: "word" | "other"): TextLanguage =>
      languages.loop(
        `${kind},${rest.word.id},${rest.other.id},${name}`,
        rest[kind].isNullable,
        () => languages.either([rest[kind], this.read(part, again(), kind).start]),
      );
    const isSame = rest.word === rest.other && !contains(part, "boundary");
    const again = (): Rest => ({
      start: nothing,
      word: loopAfter(isSame ? "other" : "word"),
      other: loopAfter("other"),
    });
    const { word, other } = again();
    if (isSame && rest.start === rest.word && !contains(part, "start")) return sameRest(word);
    const first = this.read(part, { start: nothing, word, other }, before).start;
    return { start: languages.either([rest.start, first]), word, other };
  }

  #nameOf(part: PatternNode): string {
    const name = this.#names.get(part) ?? JSON.stringify(part);
    this.#names.set(part, name);
    return name;
  }

  #eachOf(rest: Rest, change: (language: TextLanguage, key: keyof Rest) => TextLanguage): Rest {
    return {
      start: change(rest.start, "start"),
      word: change(rest.word, "word"),
      other: change(rest.other, "other"),
    };
  }
}

/** Whether the node or a part of it is of the type. */
function contains(node: PatternNode, type: PatternNode["type"]): boolean {
  if (node.type === type) return true;
  switch (node.type) {
    case "sequence":
      return node.parts.some((part) => contains(part, type));
    case "choice":
      return node.options.some((part) => contains(part, type));
    case "repeat":
      return contains(node.part, type);
    case "look":
      return contains(node.body, type);
    default:
      return false;
  }
}
