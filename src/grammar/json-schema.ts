// JSON Schema → GBNF: a grammar that lets nothing through but JSON of the schema. Where a schema allows more than a
// grammar can say (further properties, all spellings of a date) it lets less through; what it cannot enforce it refuses.
// Keywords: https://json-schema.org/draft/2020-12

import type { CompileBudget } from "./compile-budget.ts";
import {
  anyArray,
  anyObject,
  anyValue,
  arrayOf,
  boolean,
  objectInOrder,
  objectOf,
  whitespace,
} from "./json.ts";
import { numberRule } from "./number-schema.ts";
import { literal, oneOf, Rules, type RulesOptions } from "./rules.ts";
import {
  areDistinct,
  count,
  isOf,
  isSchema,
  type Json,
  join,
  list,
  refuseBeside,
  refuseUnknown,
  type Schema,
  SchemaError,
  typesOf,
} from "./schema-keywords.ts";
import { referred } from "./schema-pointer.ts";
import { stringRule } from "./string-schema.ts";
import { written, writtenName } from "./syntax.ts";

/** A schema within its document, and the way to it. */
type Place = {
  readonly path: string;
  /** How many names the path has. */
  readonly depth: number;
  /** References that led here without a character in between: one of these again would never end. */
  readonly followed: ReadonlySet<string>;
};

const MOST_NODES = 5_000;
const MOST_DEPTH = 64;
const MOST_VALUES = 2_000;
/** References that lead to each other without a character in between. */
const MOST_FOLLOWED = 64;
const UNITS_PER_NODE = 10;
const NONE: ReadonlySet<string> = new Set();

/**
 * @returns a grammar whose rule `root` is JSON of this schema
 * @throws SchemaError
 */
export function schemaGrammar(schema: unknown, budget?: CompileBudget): string {
  return schemaRules(schema, { rule: "root", ...(budget ? { budget } : {}) }).toString();
}

export type SchemaRulesOptions = RulesOptions & {
  /** Name of the rule that is JSON of the schema. */
  readonly rule: string;
};

/**
 * As `schemaGrammar`, but for a part of a grammar.
 * @throws SchemaError
 */
export function schemaRules(schema: unknown, { rule, ...options }: SchemaRulesOptions): Rules {
  const rules = new Rules(options);
  rules.set(rule, new Compiler(schema as Json, rules).compile()); // it came out of JSON
  rules.refuseCostly();
  return rules;
}

/** The grammar of any JSON object. */
export function jsonObjectGrammar(): string {
  const rules = new Rules();
  rules.set("root", anyObject(rules));
  return rules.toString();
}

class Compiler {
  readonly #document: Json;
  readonly #rules: Rules;
  readonly #refs = new Map<string, string>();
  #nodes = 0;

  constructor(document: Json, rules: Rules) {
    this.#document = document;
    this.#rules = rules;
  }

  compile(): string {
    return this.#visit(this.#document, { path: "", depth: 0, followed: NONE });
  }

  #visit(schema: Json | undefined, place: Place): string {
    const body = this.#bodyOf(schema, place);
    this.#rules.budget.spendChars(body.length); // the schema around it writes it once more
    return body;
  }

  #bodyOf(schema: Json | undefined, place: Place): string {
    this.#nodes += 1;
    if (this.#nodes > MOST_NODES || place.depth > MOST_DEPTH) {
      throw new SchemaError(
        place.path,
        `is part of a schema of more than ${MOST_NODES} parts, or nested more than ${MOST_DEPTH} deep`,
      );
    }
    if (schema === true) return anyValue(this.#rules);
    if (!isSchema(schema))
      throw new SchemaError(place.path, "must be a schema that allows a value");
    this.#rules.budget.spend(UNITS_PER_NODE + Object.keys(schema).length);
    refuseUnknown(schema, place.path);
    const body = this.#choose(schema, place);
    return schema.nullable === true ? oneOf([body, '"null"']) : body;
  }

  #choose(schema: Schema, place: Place): string {
    if (schema.$ref !== undefined) return this.#reference(schema, place);
    if (schema.const !== undefined) return this.#values([schema.const], schema, place, "const");
    if (schema.enum !== undefined) {
      const values = list(schema.enum, join(place.path, "enum"));
      return this.#values(values, schema, place, "enum");
    }
    for (const keyword of ["anyOf", "oneOf", "allOf"] as const) {
      if (schema[keyword] !== undefined) return this.#branches(keyword, schema, place);
    }
    const types = typesOf(schema, place.path);
    if (!types) return anyValue(this.#rules);
    return oneOf(types.map((type) => this.#type(type, schema, place)));
  }

  #reference(schema: Schema, { path, followed }: Place): string {
    refuseBeside("$ref", schema, path);
    const ref = String(schema.$ref);
    this.#rules.budget.spendChars(ref.length);
    const known = this.#refs.get(ref);
    if (followed.has(ref)) throw new SchemaError(join(path, "$ref"), `${ref} leads back to itself`);
    if (followed.size > MOST_FOLLOWED)
      throw new SchemaError(join(path, "$ref"), `follows more than ${MOST_FOLLOWED} others`);
    if (known) return known;
    const target = referred(this.#document, ref, join(path, "$ref"));
    const name = this.#rules.reserve(ref.split("/").at(-1) ?? "ref");
    this.#refs.set(ref, name);
    const body = this.#visit(target, {
      path: ref,
      depth: 1,
      followed: new Set([...followed, ref]),
    });
    this.#rules.set(name, body);
    return name;
  }

  #values(values: readonly Json[], schema: Schema, { path }: Place, keyword: string): string {
    refuseBeside(keyword, schema, path, ["type"]);
    if (values.length > MOST_VALUES)
      throw new SchemaError(join(path, keyword), `has more than ${MOST_VALUES} values`);
    const types = schema.type === undefined ? null : typesOf(schema, path);
    const allowed = values.filter((value) => !types || types.some((type) => isOf(value, type)));
    if (allowed.length === 0) throw new SchemaError(join(path, keyword), "allows no value");
    return oneOf(allowed.map((value) => this.#literal(written(value, this.#rules.syntax))));
  }

  /** Paid for before it is written: a client's own text may be long. */
  #literal(text: string): string {
    this.#rules.budget.spendChars(text.length);
    return literal(text);
  }

  #branches(keyword: "anyOf" | "oneOf" | "allOf", schema: Schema, place: Place): string {
    const { path } = place;
    refuseBeside(keyword, schema, path);
    const branches = list(schema[keyword], join(path, keyword));
    this.#rules.budget.spend(branches.length);
    if (keyword === "allOf" && branches.length > 1) {
      throw new SchemaError(join(path, "allOf"), "can hold one schema here, not several");
    }
    if (keyword === "oneOf" && !this.#areDistinct(branches)) {
      throw new SchemaError(
        join(path, "oneOf"),
        "needs branches of different types, or with a different const in the same property; use anyOf",
      );
    }
    return oneOf(
      branches.map((branch, index) =>
        this.#visit(branch, {
          ...place,
          path: join(path, `${keyword}.${index}`),
          depth: place.depth + 2,
        }),
      ),
    );
  }

  #areDistinct(branches: readonly Json[]): boolean {
    return areDistinct(branches, (looks) => this.#rules.budget.spend(looks));
  }

  #type(type: string, schema: Schema, place: Place): string {
    switch (type) {
      case "object":
        return this.#object(schema, place);
      case "array":
        return this.#array(schema, place);
      case "string":
        return stringRule(schema, place.path, this.#rules);
      case "integer":
      case "number":
        return numberRule(type, schema, place.path, this.#rules);
      case "boolean":
        return boolean(this.#rules);
      default:
        return '"null"';
    }
  }

  #object(schema: Schema, place: Place): string {
    const { path } = place;
    const properties = schema.properties ?? {};
    if (!isSchema(properties)) throw new SchemaError(join(path, "properties"), "must be an object");
    const mustBeThere = list(schema.required ?? [], join(path, "required"));
    this.#rules.budget.spend(mustBeThere.length);
    const required = new Set(mustBeThere.map(String));
    const others = schema.additionalProperties ?? true;
    const names = [...new Set([...Object.keys(properties), ...required])];
    if (names.length === 0) return this.#map(others, place);
    const members = names.map((name) => {
      const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
      const value = this.#member(name, own ?? others, place);
      const ws = whitespace(this.#rules);
      return {
        text: `${this.#literal(writtenName(name, this.#rules.syntax))} ":" ${ws} ${value}`,
        isRequired: required.has(name),
      };
    });
    return this.#rules.add("object", objectInOrder(this.#rules, members));
  }

  #member(name: string, schema: Json, place: Place): string {
    if (schema === false) {
      throw new SchemaError(join(place.path, "required"), `names ${name}, which is no property`);
    }
    return this.#visit(schema, within(place, "properties", name));
  }

  /** An object of which nothing but the values is known. */
  #map(others: Json, place: Place): string {
    if (others === true) return anyObject(this.#rules);
    if (others === false) return '"{}"';
    const value = this.#visit(others, within(place, "additionalProperties"));
    return this.#rules.add("map", objectOf(this.#rules, value));
  }

  #array(schema: Schema, place: Place): string {
    const { path } = place;
    const { prefixItems, minItems, maxItems } = schema;
    const items = schema.items ?? true;
    if (
      prefixItems === undefined &&
      items === true &&
      minItems === undefined &&
      maxItems === undefined
    )
      return anyArray(this.#rules);
    const prefix = list(prefixItems ?? [], join(path, "prefixItems"));
    const min = count(minItems, join(path, "minItems")) ?? 0;
    const max = count(maxItems, join(path, "maxItems"));
    if (max !== null && max < min)
      throw new SchemaError(join(path, "maxItems"), "is below minItems");
    const visit = (item: Json, ...names: string[]) =>
      this.#rules.add("item", this.#visit(item, within(place, ...names)));
    const first = prefix.map((item, index) => visit(item, "prefixItems", `${index}`));
    const most = items === false ? Math.min(max ?? first.length, first.length) : max;
    if (most !== null && most < min)
      throw new SchemaError(join(path, "minItems"), "is more than there can be");
    const rest = items === false || most === first.length ? null : visit(items, "items");
    return this.#rules.add("array", arrayOf(this.#rules, { first, rest, min, max: most }));
  }
}

/** A value inside of the one here: behind a character of it. */
function within({ path, depth }: Place, ...names: string[]): Place {
  return { path: join(path, names.join(".")), depth: depth + names.length, followed: NONE };
}
