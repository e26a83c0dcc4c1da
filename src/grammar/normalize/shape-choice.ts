// Chooses the shapes of a schema that are written, and the shape that replaces one that is too much for a grammar.

import { ANY_VALUE, isWholeType, type Shape } from "./shapes.ts";

/**
 * The limited shapes, if a schema without `type` limits some types: JSON Schema then allows every value of all other types,
 * which the client hardly means.
 */
export function narrowed(shapes: readonly Shape[]): readonly Shape[] {
  const isTyped = shapes.some(
    (shape) => shape.type === "values" || (shape.type === "number" && shape.bounds.isInteger),
  );
  if (shapes === ANY_VALUE || isTyped) return shapes;
  const isOfEveryType = ANY_VALUE.every(({ type }) => shapes.some((shape) => shape.type === type));
  if (!isOfEveryType) return shapes;
  const limited = shapes.filter((shape) => !isWholeType(shape));
  return limited.length === 0 ? ANY_VALUE : limited;
}

/** An object without conditions on the names of members, or else any value of the type. */
export function fallbackShape(shape: Shape): Shape {
  if (shape.type === "object" && nameKeyword(shape) !== "")
    return {
      ...shape,
      names: [],
      tables: shape.tables.map((table) => ({ ...table, patterns: [] })),
    };
  return ANY_VALUE.find(({ type }) => type === shape.type) ?? shape;
}

/** The keyword by which an object limits names by patterns or schemas; empty for none. */
export function nameKeyword(shape: Shape): string {
  if (shape.type !== "object") return "";
  if (shape.tables.some(({ patterns }) => patterns.length > 0)) return "patternProperties";
  return shape.names.length > 0 ? "propertyNames" : "";
}
