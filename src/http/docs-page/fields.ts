// A body's JSON schema as the rows of a table: every field with its path, and in words what is allowed.

import type { JsonSchema } from "../../api/openapi/schemas.ts";
import { WITHOUT_EFFECT_MARK } from "../../api/shared/contract.ts";

export type FieldRow = {
  /** `messages[].content` */
  readonly path: string;
  /** Empty where it may only be null: then it is refused. */
  readonly allowed: string;
  /** JSON; null where there is none. */
  readonly fallback: string | null;
  /** In every form that its object may have. */
  readonly isRequired: boolean;
  readonly hasEffect: boolean;
  readonly description: string;
};

/** Where a field stands in one of the forms that its object may have. */
type Place = {
  readonly schema: Known;
  readonly isRequired: boolean;
  readonly hasEffect: boolean;
};

type Found = {
  readonly places: Map<string, Place[]>;
  /** How many forms the object at a path may have. */
  readonly forms: Map<string, number>;
};

/** What the fields of an object have from it. */
type Holder = Pick<Place, "schema" | "hasEffect"> & { readonly path: string };

type Known = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Known>>;
  readonly required?: readonly string[];
  readonly items?: Known;
  readonly anyOf?: readonly Known[];
  readonly oneOf?: readonly Known[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly not?: { readonly const?: unknown };
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly additionalProperties?: unknown;
  readonly default?: unknown;
  readonly description?: string;
  readonly [WITHOUT_EFFECT_MARK]?: boolean;
};

/** Every schema of the document by its name. */
type Schemas = Readonly<Record<string, JsonSchema>>;

/** @param schema of an object, a list or a choice of them. @param schemas what it may refer to */
export function fieldRows(schema: JsonSchema, schemas: Schemas = {}): readonly FieldRow[] {
  const found: Found = { places: new Map(), forms: new Map() };
  collect({ schema: resolved(schema, schemas), path: "", hasEffect: true }, found);
  return [...found.places].map(([path, places]) => rowOf(path, places, found));
}

/** With what it refers to in place of references. No schema here refers to itself. */
function resolved(schema: unknown, schemas: Schemas): Known {
  return JSON.parse(JSON.stringify(schema), (_, value: unknown) => {
    const reference = (value as Known | null)?.$ref;
    if (typeof reference !== "string") return value;
    return resolved(schemas[reference.slice(reference.lastIndexOf("/") + 1)] ?? {}, schemas);
  });
}

/** Of lists and choices the fields of what they hold. */
function collect({ schema, path, hasEffect }: Holder, found: Found): void {
  const { places, forms } = found;
  if (schema.properties) forms.set(path, (forms.get(path) ?? 0) + 1);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const field = {
      schema: property,
      path: path === "" ? name : `${path}.${name}`,
      isRequired: schema.required?.includes(name) ?? false,
      hasEffect: hasEffect && !property[WITHOUT_EFFECT_MARK],
    };
    places.set(field.path, [...(places.get(field.path) ?? []), field]);
    collect(field, found);
  }
  if (schema.items) collect({ schema: schema.items, path: `${path}[]`, hasEffect }, found);
  for (const branch of choices(schema)) collect({ schema: branch, path, hasEffect }, found);
}

function choices({ anyOf = [], oneOf = [] }: Known): readonly Known[] {
  return [...anyOf, ...oneOf];
}

function rowOf(path: string, places: readonly Place[], { forms }: Found): FieldRow {
  const holder = path.slice(0, Math.max(0, path.lastIndexOf(".")));
  const requiring = places.filter(({ isRequired }) => isRequired).length;
  const schemas = places.map(({ schema }) => schema);
  const fallback = schemas.find((schema) => schema.default !== undefined)?.default;
  return {
    path,
    allowed: joined(schemas.flatMap(wordsFor)),
    fallback: fallback === undefined ? null : JSON.stringify(fallback),
    isRequired: requiring === forms.get(holder),
    hasEffect: places.some(({ hasEffect }) => hasEffect),
    description: schemas.find(({ description }) => description)?.description ?? "",
  };
}

function joined(words: readonly string[]): string {
  return [...new Set(words)].join(", ");
}

/** One entry for each alternative. Null is left out: it always means the default. */
function wordsFor(schema: Known): readonly string[] {
  const branches = choices(schema);
  if (branches.length > 0) return branches.flatMap(wordsFor);
  if (schema.const !== undefined) return [JSON.stringify(schema.const)];
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value));
  const types = [schema.type ?? "any"].flat().filter((type) => type !== "null");
  return types.map((type) => typeWords(type, schema));
}

function typeWords(type: string, schema: Known): string {
  switch (type) {
    case "string":
      return `text${sized(schema.minLength, schema.maxLength, "characters")}`;
    case "integer":
    case "number":
      return `${type}${ranged(schema)}`;
    case "boolean":
      return "true or false";
    case "array": {
      const { items, minItems, maxItems } = schema;
      const of = items ? ` of ${joined(wordsFor(items)) || "anything"}` : "";
      return `list${of}${sized(minItems, maxItems, "elements")}`;
    }
    case "any":
      return "anything";
    default:
      return type;
  }
}

function sized(least: number | undefined, most: number | undefined, of: string): string {
  if (most === undefined) return least === undefined ? "" : " (not empty)";
  return ` (${least === undefined ? "up" : least} to ${most.toLocaleString("en")} ${of})`;
}

function ranged({ minimum, maximum, exclusiveMinimum, not }: Known): string {
  const from = minimum ?? exclusiveMinimum;
  const above = exclusiveMinimum === undefined ? "from" : "above";
  const least = from === undefined ? "" : ` ${above} ${from}`;
  const most = maximum === undefined ? "" : ` to ${maximum.toLocaleString("en")}`;
  return `${least}${most}${not?.const === undefined ? "" : `, not ${not.const}`}`;
}
