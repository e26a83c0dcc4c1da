// Writes a predictable language in its own form.

import { stringChar } from "../../json.ts";
import {
  anyNumberOf,
  choice,
  type GrammarNode,
  type GrammarPart,
  optional,
  repeated,
  sequence,
} from "../../nodes.ts";
import type { Rules } from "../../rules.ts";
import type { TextLanguage } from "../algebra/language-node.ts";
import { charNode, onlyCode, writtenText } from "./text-chars.ts";

export class PredictableWriter {
  readonly #rules: Rules;
  readonly #anyText: TextLanguage;
  readonly #nodes = new Map<TextLanguage, GrammarNode>();

  /** @param anyText all texts that may be quoted */
  constructor(rules: Rules, anyText: TextLanguage) {
    this.#rules = rules;
    this.#anyText = anyText;
  }

  /** A node short enough to be used several times. */
  rule(language: TextLanguage): GrammarNode {
    const known = this.#nodes.get(language);
    if (known) return known;
    const node = this.#node(language);
    const isShort = node.type === "literal" || node.type === "char" || node.type === "rule";
    const result = isShort ? node : this.#rules.add("text", node);
    this.#nodes.set(language, result);
    return result;
  }

  #node(language: TextLanguage): GrammarNode {
    if (language === this.#anyText) return anyNumberOf(stringChar(this.#rules));
    const { form } = language;
    switch (form.type) {
      case "chars":
        return charNode(this.#rules, form.ranges);
      case "sequence":
        return this.#sequence(language);
      case "either": {
        const options = form.parts.filter((part) => part.form.type !== "empty");
        const node = choice(...options.map((part) => this.#node(part)));
        return options.length < form.parts.length ? optional(node) : node;
      }
      case "repeat": {
        const { part, min, max } = form;
        if (max === 1) return optional(this.#node(part));
        return repeated(this.rule(part), min, max);
      }
      default:
        return sequence();
    }
  }

  #sequence(language: TextLanguage): GrammarNode {
    const parts: GrammarPart[] = [];
    let codes: number[] = [];
    const endLiteral = () => {
      if (codes.length > 0) parts.push(writtenText(this.#rules, codes));
      codes = [];
    };
    for (let rest = language; rest.form.type !== "empty"; ) {
      const first = rest.form.type === "sequence" ? rest.form.first : rest;
      const code = first.form.type === "chars" ? onlyCode(first.form.ranges) : null;
      if (code === null) {
        endLiteral();
        parts.push(this.#node(first));
      } else codes.push(code);
      rest = rest.form.type === "sequence" ? rest.form.rest : rest.owner.empty;
    }
    endLiteral();
    return sequence(...parts);
  }
}
