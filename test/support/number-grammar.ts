// The grammar of bounds of numbers alone.

import type { NumberBounds } from "../../src/grammar/numbers/number-bounds.ts";
import { numberRule } from "../../src/grammar/numbers/number-rule.ts";
import { Rules } from "../../src/grammar/rules.ts";

/** @returns a grammar whose rule `root` is a number in the bounds; null if there is none */
export function numberGrammar(bounds: NumberBounds): string | null {
  const rules = new Rules();
  const node = numberRule(bounds, rules);
  if (!node) return null;
  rules.set("root", node);
  rules.refuseCostly();
  return rules.toString();
}
