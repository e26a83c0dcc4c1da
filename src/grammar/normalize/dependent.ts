// dependentSchemas, and dependencies of older drafts: schemas that must match if a member is there.

import { isSchema, join, MistakeError, type Schema } from "../schema-keywords.ts";
import { shapesOfBoth } from "./intersection.ts";
import type { KeywordContext } from "./schema-reader.ts";
import { ANY_OBJECT, ANY_VALUE, type Shape } from "./shapes.ts";
import { unionOf } from "./union.ts";

export type DependentOptions = {
  /** The values that the other keywords of the schema allow. */
  readonly shapes: readonly Shape[];
  readonly context: KeywordContext;
};

/** @throws KeywordError */
export function dependentShapes(
  schema: Schema,
  keyword: string,
  { shapes, context }: DependentOptions,
): readonly Shape[] {
  const needed = schema[keyword];
  if (!isSchema(needed)) throw new MistakeError("must be an object");
  const path = join(context.report.pathOf(schema), keyword);
  let left = shapes;
  for (const [name, dependent] of Object.entries(needed)) {
    if (Array.isArray(dependent) || typeof dependent === "string") continue; // object-keywords.ts reads lists of names
    context.report.note(dependent, join(path, name));
    const present = shapesOfBoth(left, [{ ...ANY_OBJECT, required: new Set([name]) }], context);
    const absent = shapesOfBoth(
      left,
      ANY_VALUE.map((shape) => withoutMember(shape, name)),
      context,
    );
    left = unionOf(
      [...shapesOfBoth(present, context.shapesOf(dependent), context), ...absent],
      context,
    );
  }
  return left;
}

function withoutMember(shape: Shape, name: string): Shape {
  return shape.type === "object" ? { ...shape, presence: { not: { has: name } } } : shape;
}
