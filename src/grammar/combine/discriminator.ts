// OpenAPI's discriminator: the property that tells the branches of anyOf or oneOf apart. Readers of an answer look for it, so
// it is always written. https://spec.openapis.org/oas/v3.1.0#discriminator-object

import type { Json } from "../../generation/request.ts";
import { isSchema, type Schema, typesOf } from "../schema-keywords.ts";
import { listedValues, propertiesOf } from "./merge-schemas.ts";

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

/**
 * The schema with the property. If the property lists no values, it gets those that lead to its branch.
 * @param branch as the client wrote it
 */
export function tagged(schema: Schema, branch: Json, { name, mapping }: Discriminator): Schema {
  const types = typesOf(schema);
  if (types?.length !== 1 || types[0] !== "object") return schema;
  const properties = propertiesOf(schema);
  const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
  const names =
    isSchema(branch) && branch.$ref !== undefined ? namesOf(branch.$ref, mapping) : null;
  const isOpen = property === undefined || (isSchema(property) && isPlainText(property));
  if (!isOpen && !isSchema(property)) return schema;
  if (isOpen && names === null) return schema;
  const required = Array.isArray(schema.required) ? schema.required : [];
  return {
    ...schema,
    properties: { ...properties, ...(isOpen && names ? { [name]: { enum: names } } : {}) },
    required: [...new Set([...required, name])],
  };
}

/** Whether a property allows any text. */
function isPlainText(property: Schema): boolean {
  return property.type === "string" && !listedValues(property) && property.pattern === undefined;
}

/** The values that lead to a reference: in the mapping, or else its last name. */
function namesOf(ref: Json, mapping: Schema): string[] {
  const last = String(ref).split("/").at(-1) ?? "";
  const mapped = Object.keys(mapping).filter((name) => [ref, last].includes(mapping[name] ?? null));
  return mapped.length > 0 ? mapped : [last];
}
