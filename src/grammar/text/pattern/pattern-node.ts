// A regular expression as a tree. Capturing groups leave no trace: only the set of matched texts counts.

import type { CharRange } from "../../char-ranges.ts";

export type PatternNode =
  /** One character of these ranges, in any order. */
  | { readonly type: "chars"; readonly ranges: readonly CharRange[] }
  | { readonly type: "sequence"; readonly parts: readonly PatternNode[] }
  | { readonly type: "choice"; readonly options: readonly PatternNode[] }
  | {
      readonly type: "repeat";
      readonly part: PatternNode;
      readonly min: number;
      readonly max: number;
    }
  | Assertion;

/** Matches the empty text where a condition on the text around it holds. */
export type Assertion =
  | { readonly type: "start" }
  | { readonly type: "end" }
  | { readonly type: "boundary"; readonly isNegated: boolean }
  | {
      readonly type: "look";
      readonly isAhead: boolean;
      readonly isNegated: boolean;
      readonly body: PatternNode;
    };
