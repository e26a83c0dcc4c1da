// The values of several normal forms as one. Shapes that are equal or nearly equal are merged, because llama.cpp follows every
// shape at once.

import type { Json } from "../../generation/request.ts";
import { matchesShape } from "./matching.ts";
import { allPresence, anyPresence, hasAllOf, presenceSize } from "./presence.ts";
import type { ShapeContext } from "./shape-context.ts";
import {
  ANY_VALUE,
  isWholeType,
  type ObjectShape,
  type Shape,
  type StringShape,
  type TextCondition,
} from "./shapes.ts";

export function unionOf(shapes: readonly Shape[], context: ShapeContext): readonly Shape[] {
  if (shapes.length < 2) return shapes;
  context.spend(shapes.length);
  const whole = new Map(shapes.filter(isWholeType).map((shape) => [shape.type, shape]));
  const limited = [...new Set(shapes)].filter((shape) => !whole.has(shape.type));
  const ofType = <T extends Shape["type"]>(type: T) =>
    limited.filter((shape): shape is Extract<Shape, { type: T }> => shape.type === type);
  const values = valuesOf(
    ofType("values").flatMap((shape) => shape.values),
    [...whole.values()],
    context,
  );
  const result: Shape[] = [
    ...whole.values(),
    ...mergedObjects(ofType("object"), context),
    ...ofType("array"),
    ...mergedTexts(ofType("string")),
    ...withoutCopies(ofType("number")),
    ...(values.length === 0 ? [] : [{ type: "values" as const, values }]),
  ];
  return result.length === whole.size && whole.size === ANY_VALUE.length ? ANY_VALUE : result;
}

function valuesOf(values: readonly Json[], whole: readonly Shape[], context: ShapeContext): Json[] {
  if (values.length === 0) return [];
  context.spend(values.length);
  const different = new Map(values.map((value) => [JSON.stringify(value), value])).values();
  return [...different].filter(
    (value) => !whole.some((shape) => matchesShape(shape, value, context)),
  );
}

function mergedTexts(shapes: readonly StringShape[]): readonly Shape[] {
  const [first] = shapes;
  if (!first || shapes.length === 1) return shapes;
  const parts = [...new Set(shapes.map(({ text }) => text))];
  const path = first.text.type === "any" ? "" : first.text.path;
  const text: TextCondition = parts.length === 1 ? first.text : { type: "either", parts, path };
  return [{ type: "string", text }];
}

function withoutCopies<T extends Shape>(shapes: readonly T[]): readonly T[] {
  if (shapes.length < 2) return shapes;
  return [...new Map(shapes.map((shape) => [JSON.stringify(shape), shape])).values()];
}

/** Merges objects with the same schemas for members; they differ only in which members must be there. */
function mergedObjects(
  shapes: readonly ObjectShape[],
  context: ShapeContext,
): readonly ObjectShape[] {
  const merged: ObjectShape[] = [];
  context.spend((shapes.length * shapes.length) / 4);
  for (const shape of shapes) {
    const index = merged.findIndex((other) => areAlike(shape, other));
    const other = merged[index];
    if (other) {
      const sizes = [other, shape].map(
        ({ required, presence }) => required.size + 2 * presenceSize(presence),
      );
      context.spend(sizes.reduce((sum, size) => sum + size, 0));
      merged[index] = eitherObject(other, shape);
    } else merged.push(shape);
  }
  return merged;
}

function areAlike(a: ObjectShape, b: ObjectShape): boolean {
  return (
    a.min === b.min && a.max === b.max && haveSame(a.tables, b.tables) && haveSame(a.names, b.names)
  );
}

function haveSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each) => b.includes(each));
}

function eitherObject(a: ObjectShape, b: ObjectShape): ObjectShape {
  const required = new Set([...a.required].filter((name) => b.required.has(name)));
  const rest = (shape: ObjectShape) =>
    allPresence([
      hasAllOf([...shape.required].filter((name) => !required.has(name))),
      shape.presence,
    ]);
  return { ...a, required, presence: anyPresence([rest(a), rest(b)]) };
}
