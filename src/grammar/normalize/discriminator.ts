// OpenAPI's discriminator: the property that tells the branches of anyOf or oneOf apart. It is always written, because programs
// that read an answer look for it. https://spec.openapis.org/oas/v3.1.0#discriminator-object

import type { Json } from "../../generation/request.ts";
import { isSchema, type Schema } from "../schema-keywords.ts";
import { shapesOfBoth } from "./intersection.ts";
import { declaredNames, memberSchema, type ShapeContext } from "./shape-context.ts";
import { ANY_OBJECT, isWholeType, type ObjectShape, type Shape } from "./shapes.ts";

export type Discriminator = {
  readonly name: string;
  /** References by the value of the property. */
  readonly mapping: Schema;
};

/** @returns null if there is none, or none that can be read */
export function discriminatorOf({ discriminator }: Schema): Discriminator | null {
  if (!isSchema(discriminator) || typeof discriminator.propertyName !== "string") return null;
  const { propertyName, mapping = {} } = discriminator;
  return { name: propertyName, mapping: isSchema(mapping) ? mapping : {} };
}

export type TaggingOptions = {
  readonly discriminator: Discriminator;
  readonly context: ShapeContext;
};

/**
 * The objects of a branch with the property. If the property lists no values, it gets those that lead to the branch.
 * @param branch as the client wrote it
 */
export function taggedShapes(
  shapes: readonly Shape[],
  branch: Json,
  { discriminator: { name, mapping }, context }: TaggingOptions,
): readonly Shape[] {
  const ref = isSchema(branch) ? branch.$ref : undefined;
  return shapes.flatMap((shape): readonly Shape[] => {
    if (shape.type !== "object") return [shape];
    const isOpen = ref !== undefined && isPlainText(shape, name, context);
    const properties = new Map<string, Json>(
      isOpen ? [[name, { enum: namesOf(ref, mapping) }]] : [],
    );
    const tag: ObjectShape = {
      ...ANY_OBJECT,
      required: new Set([name]),
      tables: isOpen ? [{ properties, patterns: [], others: undefined }] : [],
    };
    return shapesOfBoth([shape], [tag], context);
  });
}

/** Whether a property allows any text. */
function isPlainText(shape: ObjectShape, name: string, context: ShapeContext): boolean {
  if (!declaredNames(shape, context).has(name)) return true;
  const shapes = context.shapesOf(memberSchema(shape, name, context));
  return shapes.some((each) => each.type === "string" && isWholeType(each));
}

/** The values that lead to a reference: in the mapping, or else its last name. */
function namesOf(ref: Json, mapping: Schema): string[] {
  const last = String(ref).split("/").at(-1) ?? "";
  const mapped = Object.keys(mapping).filter((name) => [ref, last].includes(mapping[name] ?? null));
  return mapped.length > 0 ? mapped : [last];
}
