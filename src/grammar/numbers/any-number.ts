// Numbers without limits: all that JSON.stringify writes, and other spellings.

import { choice, type GrammarNode, optional, sequence } from "../nodes.ts";
import type { Rules } from "../rules.ts";
import { regExpNode } from "../text/pattern/regexp-node.ts";
import { extremeNumbers } from "./scientific.ts";

/** No exponent: a model that writes `1.` for an integer could only continue with a huge number. */
const INTEGER = regExpNode("-?(0|[1-9][0-9]{0,20})");
/** No number with 21 digits is above the highest double at these exponents. */
const FRACTION = regExpNode(
  "(\\.[0-9]{1,22})?([eE]([-+]?[0-9]{1,2}|-[0-9]{3}|\\+?(1[0-9]{2}|2[0-7][0-9])))?",
);

export function anyInteger(rules: Rules): GrammarNode {
  return rules.once("integer", () => INTEGER);
}

export function anyNumber(rules: Rules): GrammarNode {
  return rules.once("number", () =>
    choice(sequence(anyInteger(rules), FRACTION), sequence(optional("-"), extremeNumbers(rules))),
  );
}
