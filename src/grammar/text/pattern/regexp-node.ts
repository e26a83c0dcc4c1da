// Our own regular expressions as grammar nodes: a short way to write the rules of numbers, names and formats.

import { charClass, choice, type GrammarNode, repeated, sequence } from "../../nodes.ts";
import type { PatternNode } from "./pattern-node.ts";
import { readPattern } from "./pattern-reader.ts";

/** @param pattern without assertions; it matches whole texts, as they are written in the grammar */
export function regExpNode(pattern: string): GrammarNode {
  return nodeOf(readPattern(pattern));
}

function nodeOf(pattern: PatternNode): GrammarNode {
  switch (pattern.type) {
    case "chars": {
      const [[from, to] = [0, 0]] = pattern.ranges;
      const isOne = pattern.ranges.length === 1 && from === to;
      return isOne ? sequence(String.fromCodePoint(from)) : charClass(pattern.ranges);
    }
    case "sequence":
      return sequence(...pattern.parts.map(nodeOf));
    case "choice":
      return choice(...pattern.options.map(nodeOf));
    case "repeat":
      return repeated(nodeOf(pattern.part), pattern.min, pattern.max);
    default:
      throw new Error(`a grammar node cannot express the assertion ${pattern.type}`);
  }
}
