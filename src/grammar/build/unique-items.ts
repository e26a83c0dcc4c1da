// Different items in any order. Each rule is the rest of the array, given the values that are left.

import { comma } from "../json.ts";
import { choice, type GrammarNode, optional, sequence } from "../nodes.ts";
import type { Rules } from "../rules.ts";

/** Limit on rules. With more, the values are written in the order of their list. */
const MOST_RULES = 256;

export type UniqueOptions = {
  readonly rules: Rules;
  readonly min: number;
  readonly max: number;
};

/** @returns the items without brackets; null if there are too many orders, or fewer values than the array needs */
export function anyOrder(
  texts: readonly string[],
  { rules, min, max }: UniqueOptions,
): GrammarNode | null {
  const most = Math.min(max, texts.length);
  if (most < min || rulesFor(texts.length, most) > MOST_RULES) return null;
  const known = new Map<string, GrammarNode>();
  const rest = (left: readonly string[]): GrammarNode => {
    const count = texts.length - left.length;
    if (count === most) return sequence();
    const key = left.join("\n");
    const rule = known.get(key);
    if (rule) return rule;
    rules.budget.spend(left.length);
    const items = left.map((text) =>
      sequence(count === 0 ? "" : comma(rules), text, rest(left.filter((other) => other !== text))),
    );
    const node = choice(...items);
    const added = rules.add("unique", count >= min ? optional(node) : node);
    known.set(key, added);
    return added;
  };
  return rest(texts);
}

/** One rule for each set of values that another value may follow. */
function rulesFor(values: number, most: number): number {
  let [sum, subsets] = [0, 1];
  for (let size = 0; size < most && sum <= MOST_RULES; size++) {
    sum += subsets;
    subsets = (subsets * (values - size)) / (size + 1);
  }
  return sum;
}
