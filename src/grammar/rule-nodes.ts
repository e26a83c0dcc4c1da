// Parses the bodies of generated rules back into nodes, for pattern-ambiguity.ts.

import type { CharRange } from "./rules.ts";
import { type CharClass, spansOf } from "./shared-char.ts";

export type RuleNode =
  | CharClass
  | { readonly type: "sequence"; readonly id: number; readonly parts: readonly RuleNode[] }
  | { readonly type: "choice"; readonly id: number; readonly options: readonly RuleNode[] }
  | {
      readonly type: "repeat";
      readonly id: number;
      readonly part: RuleNode;
      readonly min: number;
      readonly max: number;
    }
  | { readonly type: "rule"; readonly id: number; readonly name: string };

const TOKEN =
  /"((?:\\.|[^"\\])*)"|\[(\^?)((?:\\.|[^\]\\])*)\]|[a-zA-Z][\w-]*|\(|\)|\||\*|\+|\?|\{(\d+)(,?)(\d*)\}/g;

/** @param newId returns the id of each node */
export function readBody(body: string, newId: () => number): RuleNode {
  return new BodyReader(body, newId).read();
}

class BodyReader {
  readonly #tokens: readonly RegExpMatchArray[];
  readonly #newId: () => number;
  #at = 0;

  constructor(body: string, newId: () => number) {
    this.#tokens = [...body.matchAll(TOKEN)];
    this.#newId = newId;
  }

  read(): RuleNode {
    const options = [this.#sequence()];
    while (this.#token === "|") {
      this.#at += 1;
      options.push(this.#sequence());
    }
    return { type: "choice", id: this.#newId(), options };
  }

  get #token(): string | undefined {
    return this.#tokens[this.#at]?.[0];
  }

  #sequence(): RuleNode {
    const parts: RuleNode[] = [];
    while (this.#token !== undefined && this.#token !== "|" && this.#token !== ")") {
      parts.push(this.#repeated(this.#item()));
    }
    return { type: "sequence", id: this.#newId(), parts };
  }

  #item(): RuleNode {
    const [token = "", text, negation, chars] = this.#tokens[this.#at] ?? [];
    this.#at += 1;
    const id = this.#newId();
    if (token === "(") {
      const inner = this.read();
      this.#at += 1; // the closing parenthesis
      return inner;
    }
    if (text !== undefined) {
      const parts = codesOf(text).map((code) => this.#char([[code, code]], false));
      return { type: "sequence", id, parts };
    }
    if (chars !== undefined) return this.#char(rangesOf(chars), negation === "^");
    return { type: "rule", id, name: token };
  }

  #char(ranges: readonly CharRange[], isNegated: boolean): RuleNode {
    const spans = spansOf(ranges, isNegated);
    return { type: "char", id: this.#newId(), isNegated, ranges, spans };
  }

  #repeated(part: RuleNode): RuleNode {
    const bounds = boundsOf(this.#tokens[this.#at]);
    if (!bounds) return part;
    this.#at += 1;
    return { type: "repeat", id: this.#newId(), part, ...bounds };
  }
}

function boundsOf(token: RegExpMatchArray | undefined): { min: number; max: number } | null {
  const [text = "", , , , min = "", comma = "", max = ""] = token ?? [];
  const unbounded = Number.POSITIVE_INFINITY;
  if (text === "*") return { min: 0, max: unbounded };
  if (text === "+") return { min: 1, max: unbounded };
  if (text === "?") return { min: 0, max: 1 };
  if (!text.startsWith("{")) return null;
  if (comma === "") return { min: Number(min), max: Number(min) };
  return { min: Number(min), max: max === "" ? unbounded : Number(max) };
}

const ESCAPED = /\\x([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\(.)|(.)/gsu;
const CONTROLS: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09 };

function codesOf(text: string): number[] {
  return [...text.matchAll(ESCAPED)].map(([, x, u, long, escaped, plain]) => {
    const hex = x ?? u ?? long;
    if (hex !== undefined) return Number.parseInt(hex, 16);
    const control = escaped === undefined ? undefined : CONTROLS[escaped];
    return control ?? (escaped ?? plain ?? "").codePointAt(0) ?? 0;
  });
}

/** A dash between two characters is a range. A literal dash is escaped or at an end. */
function rangesOf(chars: string): CharRange[] {
  const items = [...chars.matchAll(ESCAPED)].map(([text]) => text);
  const ranges: CharRange[] = [];
  for (let index = 0; index < items.length; index++) {
    const [from = 0] = codesOf(items[index] ?? "");
    const isRange = items[index + 1] === "-" && index + 2 < items.length;
    const [to = from] = isRange ? codesOf(items[index + 2] ?? "") : [from];
    ranges.push([from, to]);
    if (isRange) index += 2;
  }
  return ranges;
}
