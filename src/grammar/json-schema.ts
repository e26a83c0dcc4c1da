// JSON Schema → grammar: one that only accepts JSON of the schema. If the schema allows more than a grammar can express
// (additional properties, all spellings of a date), the grammar accepts less. Keywords that cannot be enforced are refused.
// Keywords: https://json-schema.org/draft/2020-12

import type { Json } from "../generation/request.ts";
import { writeName, writeValue } from "../generation/syntax.ts";
import { sizeOf } from "./grammar-cost.ts";
import {
  anyArray,
  anyObject,
  anyValue,
  arrayOf,
  boolean,
  memberOf,
  objectInOrder,
  objectOf,
} from "./json.ts";
import { type GrammarNode, type GrammarPart, oneOf, rule, UNBOUNDED } from "./nodes.ts";
import { numberRule } from "./number-schema.ts";
import { resolveReference } from "./resolve-reference.ts";
import { Rules, type RulesOptions } from "./rules.ts";
import {
  areDistinct,
  hasType,
  isSchema,
  join,
  KeywordError,
  readCount,
  readList,
  refuseOthers,
  refuseUnknown,
  type Schema,
  SchemaError,
  typesOf,
} from "./schema-keywords.ts";
import { stringRule } from "./string-schema.ts";

/** The location of a schema in its document. */
type SchemaLocation = {
  readonly path: string;
  readonly depth: number;
  /** References followed to get here without any text in between. Following one of them again would never end. */
  readonly followed: ReadonlySet<string>;
};

const MOST_NODES = 5_000;
const MOST_DEPTH = 64;
const MOST_VALUES = 2_000;
/** Longest chain of references without any text in between. */
const MOST_FOLLOWED = 64;
const UNITS_PER_NODE = 10;
const NONE: ReadonlySet<string> = new Set();

export type SchemaRulesOptions = RulesOptions & {
  /** Name of the rule that is JSON of the schema. */
  readonly rule: string;
};

/** @throws SchemaError */
export function schemaRules(
  schema: unknown,
  { rule: root, ...options }: SchemaRulesOptions,
): Rules {
  const rules = new Rules(options);
  rules.set(root, new Compiler(schema as Json, rules).compile()); // it was parsed from JSON
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
  readonly #refs = new Map<string, GrammarNode>();
  #nodes = 0;

  constructor(document: Json, rules: Rules) {
    this.#document = document;
    this.#rules = rules;
  }

  compile(): GrammarPart {
    return this.#visit(this.#document, { path: "", depth: 0, followed: NONE });
  }

  /** @throws SchemaError */
  #visit(schema: Json | undefined, at: SchemaLocation): GrammarPart {
    try {
      const body = this.#bodyOf(schema, at);
      this.#rules.budget.spendChars(sizeOf(body).chars); // the enclosing schema measures it again
      return body;
    } catch (error) {
      if (!(error instanceof KeywordError)) throw error;
      throw new SchemaError(join(at.path, error.keyword), error.message);
    }
  }

  #bodyOf(schema: Json | undefined, at: SchemaLocation): GrammarPart {
    this.#nodes += 1;
    if (this.#nodes > MOST_NODES || at.depth > MOST_DEPTH) {
      throw new SchemaError(
        at.path,
        `belongs to a schema with more than ${MOST_NODES} parts or ${MOST_DEPTH} levels`,
      );
    }
    if (schema === true) return anyValue(this.#rules);
    if (!isSchema(schema))
      throw new SchemaError(at.path, "must be a schema that allows at least one value");
    this.#rules.budget.spend(UNITS_PER_NODE + Object.keys(schema).length);
    refuseUnknown(schema);
    const body = this.#choose(schema, at);
    return schema.nullable === true ? oneOf([body, "null"]) : body;
  }

  #choose(schema: Schema, at: SchemaLocation): GrammarPart {
    if (schema.$ref !== undefined) return this.#reference(schema, at);
    if (schema.const !== undefined) return this.#values("const", [schema.const], schema);
    if (schema.enum !== undefined) {
      return this.#values("enum", readList(schema.enum, "enum"), schema);
    }
    for (const keyword of ["anyOf", "oneOf", "allOf"] as const) {
      if (schema[keyword] !== undefined) return this.#branches(keyword, schema, at);
    }
    const types = typesOf(schema);
    if (!types) return anyValue(this.#rules);
    return oneOf(types.map((type) => this.#type(type, schema, at)));
  }

  #reference(schema: Schema, { followed }: SchemaLocation): GrammarNode {
    refuseOthers("$ref", schema);
    const ref = String(schema.$ref);
    this.#rules.budget.spendChars(ref.length);
    const known = this.#refs.get(ref);
    if (followed.has(ref)) throw new KeywordError("$ref", `${ref} refers to itself`);
    if (followed.size > MOST_FOLLOWED)
      throw new KeywordError("$ref", `follows more than ${MOST_FOLLOWED} references`);
    if (known) return known;
    const target = resolveReference(this.#document, ref);
    const name = this.#rules.reserve(ref.split("/").at(-1) ?? "ref");
    const reference = rule(name);
    this.#refs.set(ref, reference);
    const body = this.#visit(target, {
      path: ref,
      depth: 1,
      followed: new Set([...followed, ref]),
    });
    this.#rules.set(name, body);
    return reference;
  }

  #values(keyword: "const" | "enum", values: readonly Json[], schema: Schema): GrammarPart {
    refuseOthers(keyword, schema, ["type"]);
    if (values.length > MOST_VALUES)
      throw new KeywordError(keyword, `has more than ${MOST_VALUES} values`);
    const types = schema.type === undefined ? null : typesOf(schema);
    const allowed = values.filter((value) => !types || types.some((type) => hasType(value, type)));
    if (allowed.length === 0) throw new KeywordError(keyword, "allows no value");
    return oneOf(allowed.map((value) => this.#text(writeValue(value, this.#rules.syntax))));
  }

  /** Spends for a literal before it is written: a client's text may be long. */
  #text(text: string): string {
    this.#rules.budget.spendChars(text.length);
    return text;
  }

  #branches(keyword: "anyOf" | "oneOf" | "allOf", schema: Schema, at: SchemaLocation): GrammarPart {
    refuseOthers(keyword, schema);
    const branches = readList(schema[keyword], keyword);
    this.#rules.budget.spend(branches.length);
    if (keyword === "allOf" && branches.length > 1) {
      throw new KeywordError("allOf", "may hold only one schema");
    }
    if (keyword === "oneOf" && !this.#areDistinct(branches)) {
      throw new KeywordError(
        "oneOf",
        "needs branches of different types, or with a different const in the same required property; use anyOf instead",
      );
    }
    return oneOf(
      branches.map((branch, index) =>
        this.#visit(branch, {
          ...at,
          path: join(at.path, `${keyword}.${index}`),
          depth: at.depth + 2,
        }),
      ),
    );
  }

  #areDistinct(branches: readonly Json[]): boolean {
    return areDistinct(branches, (looks) => this.#rules.budget.spend(looks));
  }

  #type(type: string, schema: Schema, at: SchemaLocation): GrammarPart {
    switch (type) {
      case "object":
        return this.#object(schema, at);
      case "array":
        return this.#array(schema, at);
      case "string":
        return stringRule(schema, this.#rules);
      case "integer":
      case "number":
        return numberRule(type, schema, this.#rules);
      case "boolean":
        return boolean(this.#rules);
      default:
        return "null";
    }
  }

  #object(schema: Schema, at: SchemaLocation): GrammarPart {
    const properties = schema.properties ?? {};
    if (!isSchema(properties)) throw new KeywordError("properties", "must be an object");
    const requiredNames = readList(schema.required ?? [], "required");
    this.#rules.budget.spend(requiredNames.length);
    const required = new Set(requiredNames.map(String));
    const others = schema.additionalProperties ?? true;
    const names = [...new Set([...Object.keys(properties), ...required])];
    if (names.length === 0) return this.#map(others, at);
    const members = names.map((name) => {
      const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
      const value = this.#member(name, own ?? others, at);
      const shownName = this.#text(writeName(name, this.#rules.syntax));
      return {
        node: memberOf(this.#rules, shownName, value),
        isRequired: required.has(name),
      };
    });
    return this.#rules.add("object", objectInOrder(this.#rules, members));
  }

  #member(name: string, schema: Json, at: SchemaLocation): GrammarPart {
    if (schema === false) {
      throw new KeywordError("required", `lists ${name}, which is not allowed`);
    }
    return this.#visit(schema, within(at, "properties", name));
  }

  /** An object of which only the values are described. */
  #map(others: Json, at: SchemaLocation): GrammarPart {
    if (others === true) return anyObject(this.#rules);
    if (others === false) return "{}";
    const value = this.#visit(others, within(at, "additionalProperties"));
    return this.#rules.add("map", objectOf(this.#rules, value));
  }

  #array(schema: Schema, at: SchemaLocation): GrammarPart {
    const { prefixItems, minItems, maxItems } = schema;
    const items = schema.items ?? true;
    const isLimited = [prefixItems, minItems, maxItems].some((limit) => limit !== undefined);
    if (items === true && !isLimited) return anyArray(this.#rules);
    const prefix = readList(prefixItems ?? [], "prefixItems");
    const min = readCount(schema, "minItems", 0);
    const max = readCount(schema, "maxItems", UNBOUNDED);
    if (max < min) throw new KeywordError("maxItems", "is below minItems");
    const visit = (item: Json, ...names: string[]) =>
      this.#rules.add("item", this.#visit(item, within(at, ...names)));
    const first = prefix.map((item, index) => visit(item, "prefixItems", `${index}`));
    const most = items === false ? Math.min(max, first.length) : max;
    if (most < min) throw new KeywordError("minItems", "is more than the items that are allowed");
    const rest = items === false || most === first.length ? null : visit(items, "items");
    return this.#rules.add("array", arrayOf(this.#rules, { first, rest, min, max: most }));
  }
}

/** A value inside this one: text separates the two. */
function within({ path, depth }: SchemaLocation, ...names: string[]): SchemaLocation {
  return { path: join(path, names.join(".")), depth: depth + names.length, followed: NONE };
}
