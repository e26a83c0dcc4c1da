// JSON Schema → GBNF: a grammar that lets nothing through but JSON of the schema. Where a schema allows more than a
// grammar can say (further properties, all spellings of a date) it lets less through; what it cannot enforce it refuses.
// Keywords: https://json-schema.org/draft/2020-12

import { grammarProblem } from "./grammar-cost.ts";
import {
  anyArray,
  anyInteger,
  anyNumber,
  anyObject,
  anyValue,
  arrayOf,
  boolean,
  objectInOrder,
  objectOf,
  whitespace,
} from "./json.ts";
import { integerRange, numberRange } from "./number-range.ts";
import { literal, oneOf, Rules } from "./rules.ts";
import {
  areDistinct,
  count,
  greatest,
  isOf,
  isSchema,
  type Json,
  join,
  list,
  numberAt,
  refuseBeside,
  refuseUnknown,
  type Schema,
  SchemaError,
  smallest,
  typesOf,
} from "./schema-keywords.ts";
import { referred } from "./schema-pointer.ts";
import { stringRule } from "./string-schema.ts";
import { type Syntax, written, writtenName } from "./syntax.ts";

/** A schema within its document, and the way to it. */
type Place = {
  readonly path: string;
  /** References that led here without a character in between: one of these again would never end. */
  readonly followed: ReadonlySet<string>;
};

const MOST_NODES = 5_000;
const MOST_DEPTH = 64;
const MOST_VALUES = 2_000;
/** References that lead to each other without a character in between. */
const MOST_FOLLOWED = 64;

/**
 * @returns a grammar whose rule `root` is JSON of this schema
 * @throws SchemaError
 */
export function schemaGrammar(schema: unknown): string {
  const rules = new Rules();
  rules.set("root", new Compiler(schema as Json, rules).compile()); // it came out of JSON
  return affordable(rules.toString());
}

export type RuleNames = {
  /** Begins the names of all rules, so that several grammars can be joined. */
  readonly prefix: string;
  /** Name of the rule that is JSON of the schema. */
  readonly rule: string;
  /** How its values are written; JSON if it is not said. */
  readonly syntax?: Syntax;
};

/**
 * As `schemaGrammar`, but for a part of a grammar.
 * @throws SchemaError
 */
export function schemaRules(schema: unknown, { prefix, rule, syntax }: RuleNames): string {
  const rules = new Rules(prefix, syntax);
  rules.set(rule, new Compiler(schema as Json, rules).compile()); // it came out of JSON
  return rules.toString();
}

/** @throws SchemaError for a grammar that would keep llama.cpp busy, however short its schema is */
function affordable(grammar: string): string {
  const problem = grammarProblem(grammar);
  if (problem !== null) throw new SchemaError("", `makes a grammar that ${problem}`);
  return grammar;
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
    return this.#visit(this.#document, { path: "", followed: new Set() });
  }

  #visit(schema: Json | undefined, place: Place): string {
    this.#nodes += 1;
    if (this.#nodes > MOST_NODES || place.path.split(".").length > MOST_DEPTH) {
      throw new SchemaError(
        place.path,
        `is part of a schema of more than ${MOST_NODES} parts, or nested more than ${MOST_DEPTH} deep`,
      );
    }
    if (schema === true) return anyValue(this.#rules);
    if (!isSchema(schema))
      throw new SchemaError(place.path, "must be a schema that allows a value");
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
    const known = this.#refs.get(ref);
    if (followed.has(ref)) throw new SchemaError(join(path, "$ref"), `${ref} leads back to itself`);
    if (followed.size > MOST_FOLLOWED)
      throw new SchemaError(join(path, "$ref"), `follows more than ${MOST_FOLLOWED} others`);
    if (known) return known;
    const target = referred(this.#document, ref, join(path, "$ref"));
    const name = this.#rules.reserve(ref.split("/").at(-1) ?? "ref");
    this.#refs.set(ref, name);
    const body = this.#visit(target, { path: ref, followed: new Set([...followed, ref]) });
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
    return oneOf(allowed.map((value) => literal(written(value, this.#rules.syntax))));
  }

  #branches(keyword: "anyOf" | "oneOf" | "allOf", schema: Schema, place: Place): string {
    const { path, followed } = place;
    refuseBeside(keyword, schema, path);
    const branches = list(schema[keyword], join(path, keyword));
    if (keyword === "allOf" && branches.length > 1) {
      throw new SchemaError(join(path, "allOf"), "can hold one schema here, not several");
    }
    if (keyword === "oneOf" && !areDistinct(branches)) {
      throw new SchemaError(
        join(path, "oneOf"),
        "needs branches of different types, or with a different const in the same property; use anyOf",
      );
    }
    return oneOf(
      branches.map((branch, index) =>
        this.#visit(branch, { path: join(path, `${keyword}.${index}`), followed }),
      ),
    );
  }

  #type(type: string, schema: Schema, place: Place): string {
    switch (type) {
      case "object":
        return this.#object(schema, place.path);
      case "array":
        return this.#array(schema, place.path);
      case "string":
        return stringRule(schema, place.path, this.#rules);
      case "integer":
      case "number":
        return this.#number(type, schema, place.path);
      case "boolean":
        return boolean(this.#rules);
      default:
        return '"null"';
    }
  }

  #object(schema: Schema, path: string): string {
    const properties = schema.properties ?? {};
    if (!isSchema(properties)) throw new SchemaError(join(path, "properties"), "must be an object");
    const required = new Set(list(schema.required ?? [], join(path, "required")).map(String));
    const others = schema.additionalProperties ?? true;
    const names = [...new Set([...Object.keys(properties), ...required])];
    if (names.length === 0) return this.#map(others, path);
    const members = names.map((name) => {
      const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
      const value = this.#member(name, own ?? others, path);
      const ws = whitespace(this.#rules);
      return {
        text: `${literal(writtenName(name, this.#rules.syntax))} ":" ${ws} ${value}`,
        isRequired: required.has(name),
      };
    });
    return this.#rules.add("object", objectInOrder(this.#rules, members));
  }

  #member(name: string, schema: Json, path: string): string {
    if (schema === false) {
      throw new SchemaError(join(path, "required"), `names ${name}, which is no property`);
    }
    return this.#visit(schema, { path: join(path, `properties.${name}`), followed: new Set() });
  }

  /** An object of which nothing but the values is known. */
  #map(others: Json, path: string): string {
    const ws = whitespace(this.#rules);
    if (others === true) return anyObject(this.#rules);
    if (others === false) return `"{" ${ws} "}"`;
    const place = { path: join(path, "additionalProperties"), followed: new Set<string>() };
    const value = this.#visit(others, place);
    return this.#rules.add("map", objectOf(this.#rules, value));
  }

  #array(schema: Schema, path: string): string {
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
    const visit = (item: Json, name: string) => {
      const rule = this.#visit(item, { path: join(path, name), followed: new Set() });
      return this.#rules.add("item", rule);
    };
    const first = prefix.map((item, index) => visit(item, `prefixItems.${index}`));
    const most = items === false ? Math.min(max ?? first.length, first.length) : max;
    if (most !== null && most < min)
      throw new SchemaError(join(path, "minItems"), "is more than there can be");
    const rest = items === false || most === first.length ? null : visit(items, "items");
    return this.#rules.add("array", arrayOf(this.#rules, { first, rest, min, max: most }));
  }

  #number(type: "integer" | "number", schema: Schema, path: string): string {
    const limit = (keyword: string) => numberAt(schema[keyword], join(path, keyword));
    const isWhole = type === "integer";
    const [least, above] = [limit("minimum"), limit("exclusiveMinimum")];
    const [most, below] = [limit("maximum"), limit("exclusiveMaximum")];
    if (least === null && above === null && most === null && below === null)
      return isWhole ? anyInteger(this.#rules) : anyNumber(this.#rules);
    // The next whole number keeps an exclusive limit; of decimals it gives up those in between.
    const min = greatest(least, above === null ? null : Math.floor(above) + 1);
    const max = smallest(most, below === null ? null : Math.ceil(below) - 1);
    const range = isWhole
      ? integerRange(min === null ? null : Math.ceil(min), max === null ? null : Math.floor(max))
      : numberRange(min, max);
    if (range !== null) return range;
    const keyword = min === null ? "maximum" : "minimum";
    throw new SchemaError(join(path, keyword), "leaves a range that a grammar cannot write");
  }
}
