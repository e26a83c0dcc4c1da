// Turns the JSON schema of a body into table rows: each field with its path and the allowed values in words.

import type { JsonSchema } from "../src/api/openapi/schemas.ts";
import { WITHOUT_EFFECT_MARK } from "../src/api/shared/field-types.ts";

export type FieldRow = {
  /** `messages[].content` */
  readonly path: string;
  /** Empty if only null is allowed, so that any value is refused. */
  readonly allowed: string;
  /** The default as JSON; null if there is none. */
  readonly fallback: string | null;
  /** Whether every form of its object requires it. */
  readonly isRequired: boolean;
  readonly hasEffect: boolean;
  readonly description: string;
};

/** A field in one of the forms that its object may have. */
type FieldForm = {
  readonly schema: Known;
  readonly isRequired: boolean;
  readonly hasEffect: boolean;
};

type Found = {
  readonly fields: Map<string, FieldForm[]>;
  /** How many forms the object at a path may have. */
  readonly forms: Map<string, number>;
};

/** The properties that the fields of an object inherit from it. */
type Holder = Pick<FieldForm, "schema" | "hasEffect"> & { readonly path: string };

type Known = {
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

/** @param schema an object, a list, or a choice of them, without references */
export function fieldRows(schema: JsonSchema): readonly FieldRow[] {
  const found: Found = { fields: new Map(), forms: new Map() };
  collect({ schema, path: "", hasEffect: true }, found);
  return [...found.fields].map(([path, forms]) => rowOf(path, forms, found));
}

/** Collects fields recursively; a list or choice contributes the fields of its elements. */
function collect({ schema, path, hasEffect }: Holder, found: Found): void {
  const { fields, forms } = found;
  if (schema.properties) forms.set(path, (forms.get(path) ?? 0) + 1);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const field = {
      schema: property,
      path: path === "" ? name : `${path}.${name}`,
      isRequired: schema.required?.includes(name) ?? false,
      hasEffect: hasEffect && !property[WITHOUT_EFFECT_MARK],
    };
    fields.set(field.path, [...(fields.get(field.path) ?? []), field]);
    collect(field, found);
  }
  if (schema.items) collect({ schema: schema.items, path: `${path}[]`, hasEffect }, found);
  for (const branch of choices(schema)) collect({ schema: branch, path, hasEffect }, found);
}

function choices({ anyOf = [], oneOf = [] }: Known): readonly Known[] {
  return [...anyOf, ...oneOf];
}

function rowOf(path: string, fieldForms: readonly FieldForm[], { forms }: Found): FieldRow {
  const holder = path.slice(0, Math.max(0, path.lastIndexOf(".")));
  const requiring = fieldForms.filter(({ isRequired }) => isRequired).length;
  const schemas = fieldForms.map(({ schema }) => schema);
  const fallback = schemas.find((schema) => schema.default !== undefined)?.default;
  return {
    path,
    allowed: joined(schemas.flatMap(wordsFor)),
    fallback: fallback === undefined ? null : JSON.stringify(fallback),
    isRequired: requiring === forms.get(holder),
    hasEffect: fieldForms.some(({ hasEffect }) => hasEffect),
    description: [...new Set(schemas.map((schema) => schema.description ?? ""))].join(" "),
  };
}

function joined(words: readonly string[]): string {
  return [...new Set(words)].join(", ");
}

/** One entry for each alternative. Null is omitted: it always means the default. */
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
