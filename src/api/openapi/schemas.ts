// zod schemas → the JSON schemas of the OpenAPI document, in the form in which a client sends and receives data.

import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { OR_TEXT_MARK, WITHOUT_EFFECT_MARK } from "../shared/contract.ts";
import { WITHOUT_EFFECT } from "../shared/parse-body.ts";
import { descriptionOf } from "./descriptions.ts";

/** A JSON schema, or a part of one. */
export type JsonSchema = { [keyword: string]: unknown };

const PREFIX = "#/components/schemas/";

/** The document's schemas by name. A zod schema that is added under several names keeps the first. */
export class SchemaNames {
  readonly #names = new Map<z.ZodType, string>();
  readonly #bodies = new Set<string>();

  /** @returns a reference to the schema */
  add(name: string, schema: z.ZodType): JsonSchema {
    const known = this.#names.get(schema);
    if (known === undefined) {
      if ([...this.#names.values()].includes(name))
        throw new Error(`two schemas are named ${name}`);
      this.#names.set(schema, name);
    }
    return { $ref: `${PREFIX}${known ?? name}` };
  }

  /** Adds the schema of a request body, whose fields get descriptions. */
  addBody(name: string, schema: z.ZodType): JsonSchema {
    const reference = this.add(name, schema);
    if (this.#names.get(schema) === name) this.#bodies.add(name);
    return reference;
  }

  /** All schemas that were added. */
  toJson(): Record<string, JsonSchema> {
    const registry = z.registry<{ id: string }>();
    for (const [schema, id] of this.#names) registry.add(schema, { id });
    const { schemas } = z.toJSONSchema(registry, {
      io: "input",
      unrepresentable: "any",
      uri: (id) => `${PREFIX}${id}`,
      override: ({ zodSchema, jsonSchema }) => cleanUp(zodSchema, jsonSchema as JsonSchema),
    });
    return Object.fromEntries(
      Object.entries(schemas).map(([name, { $schema: _, $id: _id, ...schema }]) => [
        name,
        this.#bodies.has(name) ? described(name, schema) : schema,
      ]),
    );
  }
}

/** Restores what zod drops from schemas with a transform, and removes keywords without information. */
function cleanUp(zodSchema: z.core.$ZodTypes, json: JsonSchema): void {
  const meta: JsonSchema | undefined = z.globalRegistry.get(zodSchema);
  if (meta && "default" in meta) json.default = meta.default;
  if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum;
  if (json.minimum === Number.MIN_SAFE_INTEGER) delete json.minimum;
  delete json.readOnly;
  if (isDeepStrictEqual(json.propertyNames, { type: "string" })) delete json.propertyNames;
  if (Array.isArray(json.anyOf)) json.anyOf = json.anyOf.flatMap(flattened);
  if (!json[OR_TEXT_MARK]) return;
  const { [OR_TEXT_MARK]: _, ...list } = json;
  for (const keyword of Object.keys(json)) delete json[keyword];
  json.anyOf = [{ type: "string" }, list];
}

/** Replaces an `anyOf` that holds nothing but an `anyOf` by its branches. */
function flattened(branch: JsonSchema): readonly JsonSchema[] {
  const { anyOf, ...rest } = branch;
  return Array.isArray(anyOf) && Object.keys(rest).length === 0 ? anyOf : [branch];
}

/** Adds the fields that every body accepts without effect, and a description for every field. */
function described(name: string, schema: JsonSchema): JsonSchema {
  const forms = (schema.anyOf ?? [schema]) as readonly JsonSchema[]; // a body has one form or several
  for (const form of forms) {
    const properties = form.properties as Record<string, JsonSchema>; // bodies are objects
    for (const field of WITHOUT_EFFECT) properties[field] ??= { [WITHOUT_EFFECT_MARK]: true };
    describeFields(name, "", form);
  }
  return schema;
}

function describeFields(body: string, path: string, schema: JsonSchema): void {
  const {
    properties = {},
    items,
    anyOf,
    oneOf,
  } = schema as {
    readonly properties?: Record<string, JsonSchema>;
    readonly items?: JsonSchema;
    readonly anyOf?: readonly JsonSchema[];
    readonly oneOf?: readonly JsonSchema[];
  };
  for (const [name, property] of Object.entries(properties)) {
    const field = path === "" ? name : `${path}.${name}`;
    const description = descriptionOf(body, field);
    if (description !== undefined) property.description ??= description;
    describeFields(body, field, property);
  }
  if (items) describeFields(body, `${path}[]`, items);
  for (const branch of [...(anyOf ?? []), ...(oneOf ?? [])]) describeFields(body, path, branch);
}
