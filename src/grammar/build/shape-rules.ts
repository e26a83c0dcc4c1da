// The rules of one shape of a schema's normal form.

import type { Json } from "../../generation/request.ts";
import { writeValue } from "../../generation/syntax.ts";
import { boolean } from "../json.ts";
import type { GrammarPart } from "../nodes.ts";
import type { NumberShape, Shape } from "../normalize/shapes.ts";
import { numberRule } from "../numbers/number-rule.ts";
import { StepError } from "../numbers/number-step.ts";
import { join, MOST_VALUES, SchemaError } from "../schema-keywords.ts";
import { arrayRule } from "./array-rule.ts";
import type { BuildContext } from "./build-context.ts";
import { objectRule } from "./object-rule.ts";
import { stringRule } from "./string-rule.ts";

export type ShapeOptions = {
  readonly build: BuildContext;
  /** Path of the schema. */
  readonly path: string;
};

/** @returns options for a value of the shape; null for an option that no value matches. @throws SchemaError */
export function shapeRules(
  shape: Shape,
  { build, path }: ShapeOptions,
): readonly (GrammarPart | null)[] {
  switch (shape.type) {
    case "null":
      return ["null"];
    case "boolean":
      return [boolean(build.rules)];
    case "number":
      return [numberShapeRule(shape, build)];
    case "string":
      return [stringRule(shape.text, build)];
    case "array":
      return [arrayRule(shape, build)];
    case "object":
      return [objectRule(shape, build)];
    case "values":
      return listedValues(shape.values, { build, path });
  }
}

function numberShapeRule(
  { bounds, path }: NumberShape,
  { rules, report }: BuildContext,
): GrammarPart | null {
  try {
    return numberRule(bounds, rules);
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    report.leaveOut(path, error.message);
    return numberRule({ ...bounds, steps: [] }, rules);
  }
}

function listedValues(
  values: readonly Json[],
  { build: { rules }, path }: ShapeOptions,
): readonly GrammarPart[] {
  if (values.length > MOST_VALUES)
    throw new SchemaError(join(path, "enum"), `has more than ${MOST_VALUES} values`);
  rules.budget.spend(values.length);
  return values.map((value) => {
    const text = writeValue(value, rules.syntax);
    rules.budget.spendChars(text.length);
    return text;
  });
}
