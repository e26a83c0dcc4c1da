// oneOf: the values of each branch without those of all other branches.

import { KeywordError } from "../schema-keywords.ts";
import { differenceOf } from "./difference.ts";
import { haveCommon } from "./intersection.ts";
import type { ShapeContext } from "./shape-context.ts";
import type { Shape } from "./shapes.ts";

export type Branch = {
  readonly shapes: readonly Shape[];
  /** Shapes that leave no value of the branch out. The same list as `shapes` if these leave none out. */
  readonly widened: readonly Shape[];
};

export type Exclusive = {
  readonly shapes: readonly Shape[];
  /** Whether the shapes leave out values that match exactly one branch. */
  readonly isIncomplete: boolean;
};

/** @returns null if a branch cannot be told apart from the others. @throws SchemaError */
export function exclusiveShapes(
  branches: readonly Branch[],
  context: ShapeContext,
): Exclusive | null {
  try {
    return exclusiveBranches(branches, context);
  } catch (error) {
    if (!(error instanceof KeywordError)) throw error;
    return null; // the members of two branches cannot be compared
  }
}

function exclusiveBranches(branches: readonly Branch[], context: ShapeContext): Exclusive | null {
  const found: Exclusive[] = [];
  for (const branch of branches) {
    const others = branches.filter((other) => other !== branch);
    const exclusive = withoutOthers(branch.shapes, others, context);
    if (!exclusive) return null;
    found.push(exclusive);
  }
  return {
    shapes: found.flatMap(({ shapes }) => shapes),
    isIncomplete: found.some(({ isIncomplete }) => isIncomplete),
  };
}

function withoutOthers(
  branch: readonly Shape[],
  others: readonly Branch[],
  context: ShapeContext,
): Exclusive | null {
  let [shapes, isIncomplete] = [branch, false];
  for (const other of others) {
    if (shapes.length === 0 || !haveCommon(shapes, other.widened, context)) continue;
    const left = differenceOf(shapes, other.widened, context);
    shapes = left.shapes;
    isIncomplete ||= left.isIncomplete || other.shapes !== other.widened;
  }
  return isIncomplete && shapes.length === 0 ? null : { shapes, isIncomplete };
}
