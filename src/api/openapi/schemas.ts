// zod schemas → the JSON schemas of the OpenAPI document, in the form in which a client sends and receives data.

import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { OR_TEXT_MARK, WITHOUT_EFFECT_MARK } from "../shared/field-types.ts";
import { WITHOUT_EFFECT } from "../shared/parse-body.ts";

/** A JSON schema, or a part of one. */
export type JsonSchema = { [keyword: string]: unknown };

/** The name of a request body's schema ends in this. */
export const BODY = "Request";
const PREFIX = "#/components/schemas/";

/** The document's schemas by name. A zod schema that is added under several names keeps the first. */
export class SchemaNames {
  readonly #names = new Map<z.ZodType, string>();

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
    const described = JSON.parse(JSON.stringify(schemas), withoutNullForm) as typeof schemas;
    return Object.fromEntries(
      Object.entries(described).map(([name, { $schema: _, $id: _id, ...schema }]) => [
        name,
        name.endsWith(BODY) ? withHarmlessFields(schema) : schema,
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
  if (!json[OR_TEXT_MARK]) return;
  const { [OR_TEXT_MARK]: _, description, ...list } = json;
  for (const keyword of Object.keys(json)) delete json[keyword];
  Object.assign(json, { description, anyOf: [{ type: "string" }, list] });
}

/** Replaces an `anyOf` that holds nothing but an `anyOf` by its branches. */
function flattened(branch: JsonSchema): readonly JsonSchema[] {
  const { anyOf, ...rest } = branch;
  return Array.isArray(anyOf) && Object.keys(rest).length === 0 ? anyOf : [branch];
}

/** Adds the fields that every body accepts without effect. */
function withHarmlessFields(schema: JsonSchema): JsonSchema {
  const forms = (schema.anyOf ?? [schema]) as readonly JsonSchema[]; // a body has one form or several
  for (const form of forms) {
    const properties = form.properties as Record<string, JsonSchema>; // bodies are objects
    for (const [field, description] of Object.entries(WITHOUT_EFFECT))
      properties[field] ??= { description, [WITHOUT_EFFECT_MARK]: true };
  }
  return schema;
}

/** Writes a form that may be null, such as `z.string().describe("...").nullish()`, as one schema if possible. */
function withoutNullForm(_key: string, json: unknown): unknown {
  const { anyOf, ...rest } = Object(json) as { anyOf?: unknown };
  if (!Array.isArray(anyOf)) return json;
  const [form, ...others] = anyOf as [JsonSchema, ...JsonSchema[]];
  if (others.length !== 1 || others[0]?.type !== "null")
    return { ...rest, anyOf: anyOf.flatMap(flattened) };
  if (typeof form.type === "string" && !("enum" in form) && !("const" in form))
    return { ...form, ...rest, type: [form.type, "null"] };
  const { description, ...plain } = form;
  return { description, ...rest, anyOf: [plain, ...others].flatMap(flattened) };
}
