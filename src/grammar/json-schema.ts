// JSON Schema → grammar: one that only accepts JSON of the schema. If the schema allows more than a grammar can express
// (additional properties, all spellings of a date), the grammar accepts less. Keywords that cannot be enforced are refused, or
// left out where the caller accepts that.
// Keywords: https://json-schema.org/draft/2020-12

import type { Json } from "../generation/request.ts";
import { writeValue } from "../generation/syntax.ts";
import { Alternatives, combinatorsOf, MOST_DEPTH } from "./combine/alternatives.ts";
import { Enforcement } from "./combine/enforcement.ts";
import { listedValues } from "./combine/merge-schemas.ts";
import { Origins } from "./combine/origins.ts";
import { allows, untoldKeyword } from "./combine/value-check.ts";
import { arrayRule, type ContainerContext, objectRule } from "./container-schema.ts";
import { sizeOf } from "./grammar-cost.ts";
import { anyObject, anyValue, boolean } from "./json.ts";
import { type GrammarNode, type GrammarPart, oneOf, rule } from "./nodes.ts";
import { numberRule } from "./number-schema.ts";
import { resolveReference } from "./resolve-reference.ts";
import { Rules, type RulesOptions } from "./rules.ts";
import {
  EmptyError,
  isAlone,
  isNever,
  isSchema,
  join,
  KeywordError,
  readList,
  refuseUnenforced,
  type Schema,
  SchemaError,
  typesOf,
} from "./schema-keywords.ts";
import { isKnownFormat } from "./string-format.ts";
import { stringRule } from "./string-schema.ts";

/** The location of a schema in its document. */
type SchemaLocation = {
  readonly path: string;
  readonly depth: number;
  /** References and schemas on the way here without any text in between. Following one of them again would never end. */
  readonly followed: ReadonlySet<unknown>;
};

const MOST_NODES = 5_000;
const MOST_VALUES = 2_000;
/** Longest chain of references and branches without any text in between. */
const MOST_FOLLOWED = 512;
const UNITS_PER_NODE = 10;
const NONE: ReadonlySet<unknown> = new Set();

export type SchemaRulesOptions = RulesOptions & {
  /** Name of the rule that is JSON of the schema. */
  readonly rule: string;
  /** Gets the paths of keywords that cannot be enforced and are left out. Default: they are refused. */
  readonly ignored?: Set<string>;
};

/** @throws SchemaError */
export function schemaRules(
  schema: unknown,
  { rule: root, ignored, ...options }: SchemaRulesOptions,
): Rules {
  const rules = new Rules(options);
  rules.set(root, new Compiler(schema as Json, rules, ignored ?? null).compile()); // it was parsed from JSON
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
  readonly #origins = new Origins();
  readonly #enforcement: Enforcement;
  readonly #alternatives: Alternatives;
  readonly #refs = new Map<string, GrammarNode>();
  /** Compiled schemas; null for a schema that allows no value. */
  readonly #bodies = new Map<Schema, GrammarPart | null>();
  /** Schemas that are being compiled, with the rule for their use in themselves. */
  readonly #open = new Map<Schema, string | null>();
  #nodes = 0;

  constructor(document: Json, rules: Rules, ignored: Set<string> | null) {
    this.#document = document;
    this.#rules = rules;
    const origins = this.#origins;
    this.#enforcement = new Enforcement({ origins, ignored });
    this.#alternatives = new Alternatives({
      document,
      origins,
      budget: rules.budget,
      enforcement: this.#enforcement,
    });
  }

  compile(): GrammarPart {
    const body = this.#visit(this.#document, { path: "", depth: 0, followed: NONE });
    if (body !== null) return body;
    const path = isSchema(this.#document) ? "not" : "";
    throw new SchemaError(path, "must be a schema that allows at least one value");
  }

  /** @returns null if the schema allows no value. @throws SchemaError */
  #visit(schema: Json | undefined, at: SchemaLocation): GrammarPart | null {
    this.#nodes += 1;
    if (this.#nodes > MOST_NODES || at.depth > MOST_DEPTH) {
      throw new SchemaError(
        at.path,
        `belongs to a schema with more than ${MOST_NODES} parts or ${MOST_DEPTH} levels`,
      );
    }
    if (isNever(schema) || this.#leadsToNever(schema)) return null;
    if (schema === true) return anyValue(this.#rules);
    if (!isSchema(schema)) {
      this.#enforcement.leaveOut(at.path, "must be a schema");
      return anyValue(this.#rules);
    }
    if (this.#bodies.has(schema)) return this.#again(schema);
    if (this.#open.has(schema)) return this.#withinItself(schema, at);
    this.#open.set(schema, null);
    const followed = combinatorsOf(schema).length > 0 ? new Set([...at.followed, schema]) : NONE;
    const body = this.#named(schema, this.#bodyOf(schema, { ...at, followed }), at);
    if (body !== null) this.#rules.budget.spendChars(sizeOf(body).chars); // the enclosing schema measures it again
    this.#bodies.set(schema, body);
    this.#open.delete(schema);
    return body;
  }

  #bodyOf(schema: Schema, at: SchemaLocation): GrammarPart | null {
    this.#origins.note(schema, at.path);
    try {
      return this.#enforcement.run(schema, at, (left) => this.#choose(left, at));
    } catch (error) {
      if (error instanceof EmptyError) return null;
      throw error;
    }
  }

  #leadsToNever(schema: Json | undefined): boolean {
    return isSchema(schema) && schema.$ref !== undefined && isNever(this.#alternatives.resolved(schema)); // biome-ignore format: one line
  }

  /** A schema that was compiled before: one that is not small becomes a rule. */
  #again(schema: Schema): GrammarPart | null {
    const body = this.#bodies.get(schema) ?? null;
    if (body === null || typeof body === "string" || body.type === "rule") return body;
    const shared = this.#rules.add("shared", body);
    this.#bodies.set(schema, shared);
    return shared;
  }

  #withinItself(schema: Schema, { path, followed }: SchemaLocation): GrammarNode {
    if (followed.has(schema)) throw new SchemaError(path, "refers to itself");
    const name = this.#open.get(schema) ?? this.#rules.reserve("self");
    this.#open.set(schema, name);
    return rule(name);
  }

  /** As the rule for the use of the schema in itself, if it is used there. */
  #named(schema: Schema, body: GrammarPart | null, { path }: SchemaLocation): GrammarPart | null {
    const name = this.#open.get(schema);
    if (!name) return body;
    if (body === null) throw new SchemaError(path, "allows no value that ends");
    this.#rules.set(name, body);
    return rule(name);
  }

  #choose(given: Schema, at: SchemaLocation): GrammarPart {
    this.#rules.budget.spend(UNITS_PER_NODE + Object.keys(given).length); // for every attempt to enforce it
    const schema = this.#alternatives.rewritten(given);
    refuseUnenforced(schema);
    const [combinator] = combinatorsOf(schema);
    const isPlain = schema.discriminator === undefined && combinator && isAlone(combinator, schema);
    let body: GrammarPart;
    if (combinator === undefined) body = this.#simple(schema, at);
    else if (combinator === "$ref" && isPlain) body = this.#reference(schema, at);
    else if (combinator === "anyOf" && isPlain) body = this.#branches(schema, at);
    else return this.#combination(combinator, schema, at);
    return schema.nullable === true ? oneOf([body, "null"]) : body;
  }

  #simple(schema: Schema, at: SchemaLocation): GrammarPart {
    const values = listedValues(schema);
    if (values) return this.#values(values, schema);
    const { format, ...rest } = schema;
    const types = typesOf(isKnownFormat(format) ? schema : rest);
    if (!types) return anyValue(this.#rules);
    return oneOf(types.map((type) => this.#type(type, schema, at)));
  }

  #reference(schema: Schema, { followed }: SchemaLocation): GrammarNode {
    const ref = String(schema.$ref);
    this.#rules.budget.spendChars(ref.length);
    const known = this.#refs.get(ref);
    if (followed.has(ref)) throw new KeywordError("$ref", `${ref} refers to itself`);
    if (followed.size > MOST_FOLLOWED)
      throw new KeywordError("$ref", `follows more than ${MOST_FOLLOWED} references`);
    if (known) return known;
    const target = resolveReference(this.#document, ref);
    if (followed.has(target)) throw new KeywordError("$ref", `${ref} refers to itself`);
    const name = this.#rules.reserve(ref.split("/").at(-1) ?? "ref");
    const reference = rule(name);
    this.#refs.set(ref, reference);
    const body = this.#visit(target, {
      path: ref,
      depth: 1,
      followed: new Set([...followed, ref]),
    });
    if (body === null) throw new KeywordError("$ref", `${ref} allows no value`);
    this.#rules.set(name, body);
    return reference;
  }

  #values(values: readonly Json[], schema: Schema): GrammarPart {
    const keyword = schema.const === undefined ? "enum" : "const";
    if (values.length > MOST_VALUES)
      throw new KeywordError(keyword, `has more than ${MOST_VALUES} values`);
    this.#rules.budget.spend(values.length);
    const { [keyword]: _, ...rest } = schema;
    const untold = values.map((value) => untoldKeyword(rest, value)).find((found) => found);
    if (untold) throw new KeywordError(untold, `cannot be enforced together with ${keyword}`);
    const allowed = values.filter((value) => allows(rest, value));
    if (allowed.length === 0) throw new EmptyError(keyword, "allows no value");
    return oneOf(allowed.map((value) => this.#text(writeValue(value, this.#rules.syntax))));
  }

  /** Spends for a literal before it is written: a client's text may be long. */
  #text(text: string): string {
    this.#rules.budget.spendChars(text.length);
    return text;
  }

  /** The branches of anyOf alone: each has its own rules. */
  #branches(schema: Schema, at: SchemaLocation): GrammarPart {
    const branches = readList(schema.anyOf, "anyOf");
    this.#rules.budget.spend(branches.length);
    const bodies = branches.map((branch, index) =>
      this.#visit(branch, this.#inside(schema, at, join(at.path, `anyOf.${index}`))),
    );
    return oneOfPossible("anyOf", bodies);
  }

  #combination(keyword: string, schema: Schema, at: SchemaLocation): GrammarPart {
    const bodies = this.#alternatives
      .of(schema, at)
      .map((each) =>
        this.#visit(each, this.#inside(schema, at, this.#origins.pathOf(each, at.path))),
      );
    return oneOfPossible(keyword, bodies);
  }

  /** At the same place of the answer. */
  #inside(schema: Schema, { depth, followed }: SchemaLocation, path: string): SchemaLocation {
    return { path, depth: depth + 2, followed: new Set([...followed, schema]) };
  }

  #type(type: string, schema: Schema, at: SchemaLocation): GrammarPart {
    switch (type) {
      case "object":
        return objectRule(schema, this.#inner(schema, at));
      case "array":
        return arrayRule(schema, this.#inner(schema, at));
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

  /** For values inside this one: text separates the two. */
  #inner(schema: Schema, { path, depth }: SchemaLocation): ContainerContext {
    return {
      rules: this.#rules,
      resolve: (inner) => this.#alternatives.resolved(inner),
      visit: (inner, ...names) =>
        this.#visit(inner, {
          path: this.#origins.within(schema, names, path),
          depth: depth + names.length,
          followed: NONE,
        }),
    };
  }
}

function oneOfPossible(keyword: string, bodies: readonly (GrammarPart | null)[]): GrammarPart {
  const possible = bodies.filter((body) => body !== null);
  if (possible.length === 0) throw new EmptyError(keyword, "allows no value");
  return oneOf(possible);
}
