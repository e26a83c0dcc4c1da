// Names that differ from all declared ones, written as the tree of the declared names: at each character, the name either
// continues like a declared one or differs from all of them. An automaton would accept the same names at many times the cost.

import { type CharRange, complement } from "../char-ranges.ts";
import { stringChar } from "../json.ts";
import { anyNumberOf, charClass, choice, type GrammarNode, gbnf, sequence } from "../nodes.ts";
import type { Rules } from "../rules.ts";
import { regExpNode } from "../text/pattern/regexp-node.ts";

/** Names without characters that JSON escapes. Objects with other declared names use an automaton. */
const PLAIN = /^[^"\\\p{Cc}\p{Cs}]*$/u;
/** Characters that JSON escapes. A name with one differs from all declared names here. */
const ESCAPED: readonly CharRange[] = [[0, 0x1f], [0x22, 0x22], [0x5c, 0x5c]]; // biome-ignore format: a table
const ESCAPE = regExpNode(String.raw`\\(["\\bfnrt]|u00[01][0-9a-fA-F])`);
/** Only this many characters at the start of a longer name are compared. */
const MOST_CHARS = 40;

/** Grammar elements that a character of a declared name takes. */
const ELEMENTS_PER_CHAR = 3;
/** Grammar elements that a group and its reference to the rest of another name take. */
const ELEMENTS_PER_GROUP = 2;
/** By a plain character and by an escaped one. */
const WAYS_TO_LEAVE = 2;

/** `isCut`: a declared name continues after the characters that are compared. */
type NameTree = { readonly next: Map<string, NameTree>; isName: boolean; isCut: boolean };

export function arePlain(names: ReadonlySet<string>): boolean {
  return [...names].every((name) => PLAIN.test(name));
}

/**
 * @param most characters of each name that are compared; a name that begins like a longer one is not written either
 * @returns the text inside the quotes
 */
export function namesExcept(names: ReadonlySet<string>, most: number, rules: Rules): GrammarNode {
  const root: NameTree = { next: new Map(), isName: false, isCut: false };
  for (const name of names) insert(root, [...name], Math.min(most, MOST_CHARS));
  return new TreeWriter(rules).write(root);
}

function insert(root: NameTree, chars: readonly string[], most: number): void {
  let node = root;
  for (const char of chars.slice(0, most)) {
    const next = node.next.get(char) ?? { next: new Map(), isName: false, isCut: false };
    node.next.set(char, next);
    node = next;
  }
  if (chars.length > most) node.isCut = true;
  else node.isName = true;
}

/** Writes the tree as text: it has a node for each character of all names. */
class TreeWriter {
  readonly #rules: Rules;
  readonly #rest: GrammarNode;
  readonly #escaped: GrammarNode;
  #elements = 0;
  #ways = 0;

  constructor(rules: Rules) {
    this.#rules = rules;
    this.#rest = rules.once("chars", () => anyNumberOf(stringChar(rules)));
    this.#escaped = rules.once("escaped", () => sequence(ESCAPE, this.#rest));
  }

  write(tree: NameTree): GrammarNode {
    const text = this.#text(tree);
    return {
      type: "written",
      text,
      elements: this.#elements,
      ways: this.#ways,
      isNullable: !tree.isName,
    };
  }

  #text({ next, isName }: NameTree): string {
    this.#rules.budget.spend(1 + next.size);
    let text = gbnf(this.#otherThan([...next.keys()]));
    for (const [char, child] of next)
      if (!child.isCut) text += ` | ${gbnf(char)} ${this.#text(child)}`;
    this.#elements += ELEMENTS_PER_CHAR * next.size + ELEMENTS_PER_GROUP;
    this.#ways = Math.max(this.#ways, next.size + WAYS_TO_LEAVE);
    return isName ? `( ${text} )` : `( ${text} )?`;
  }

  /** The rest of a name whose next character is none of these. Many nodes of the tree have the same next characters. */
  #otherThan(chars: readonly string[]): GrammarNode {
    const codes = chars.map(codeOf).sort((a, b) => a - b);
    return this.#rules.once(`but-${codes.map((code) => code.toString(36)).join("-")}`, () => {
      const other = charClass(
        complement([...ESCAPED, ...codes.map((code): CharRange => [code, code])]),
      );
      return choice(sequence(other, this.#rest), this.#escaped);
    });
  }
}

function codeOf(char: string): number {
  return char.codePointAt(0) ?? 0;
}
