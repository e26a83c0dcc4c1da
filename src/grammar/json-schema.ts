// JSON Schema → grammar: one that only accepts JSON of the schema. The schema's normal form (normalize/) says which values are
// allowed; the builders (build/) write rules for them. Where a grammar cannot express all of them, it accepts fewer. Keywords
// that cannot be enforced are refused, or left out where the caller accepts that.

import type { Json } from "../generation/request.ts";
import type { BuildContext } from "./build/build-context.ts";
import { shapeRules } from "./build/shape-rules.ts";
import { sizeOf } from "./grammar-cost.ts";
import { anyObject, anyValue } from "./json.ts";
import { type GrammarNode, type GrammarPart, oneOf, rule } from "./nodes.ts";
import { Normalizer } from "./normalize/normalizer.ts";
import { References } from "./normalize/references.ts";
import { SchemaJoiner } from "./normalize/schema-joiner.ts";
import { SchemaReport } from "./normalize/schema-report.ts";
import { fallbackShape, nameKeyword, narrowed } from "./normalize/shape-choice.ts";
import { ANY_VALUE, type Shape } from "./normalize/shapes.ts";
import { Rules, type RulesOptions } from "./rules.ts";
import {
  isAlone,
  isAlways,
  isNever,
  isSchema,
  join,
  KeywordError,
  MistakeError,
  readList,
  type Schema,
  SchemaError,
} from "./schema-keywords.ts";
import { PatternError } from "./text/pattern/pattern-error.ts";
import { allowsText, checkPattern } from "./text/text-checks.ts";

const MOST_NODES = 5_000;
const MOST_DEPTH = 64;
/** Limit on references and branches in a chain without any text in between. */
const MOST_FOLLOWED = 512;
const UNITS_PER_NODE = 10;

export type SchemaRulesOptions = {
  /** Name of the rule that is JSON of the schema. */
  readonly rule: string;
  /** Gets the paths of keywords that cannot be enforced and are left out. Default: they are refused. */
  readonly ignored?: Set<string> | null;
  /** Whether keywords that are wrong in themselves are refused, although others are left out. Default: false. */
  readonly refusesMistakes?: boolean;
  /** Whether an object may have members that its schema neither declares nor excludes. Default: true, as JSON Schema says. */
  readonly isOpen?: boolean;
};

/**
 * Adds the rules of a schema. Several schemas may share their rules.
 * @throws SchemaError; then nothing is added
 */
export function addSchema(
  rules: Rules,
  document: Json,
  { rule: root, ignored = null, refusesMistakes = false, isOpen = true }: SchemaRulesOptions,
): void {
  const report = new SchemaReport({ ignored, refusesMistakes });
  rules.attempt(() => {
    rules.set(root, new Compiler({ document, rules, report, isOpen }).compile());
    rules.refuseCostly();
  });
}

/** The rules of one schema. The rule `root` is JSON of it. @throws SchemaError */
export function schemaRules(
  schema: unknown,
  { budget, ...options }: Partial<SchemaRulesOptions> & Pick<RulesOptions, "budget"> = {},
): Rules {
  const rules = new Rules(budget ? { budget } : {});
  addSchema(rules, schema as Json, { rule: "root", ...options }); // it was parsed from JSON
  return rules;
}

/** The grammar of any JSON object. */
export function jsonObjectGrammar(): string {
  const rules = new Rules();
  rules.set("root", anyObject(rules));
  return rules.toString();
}

type CompilerOptions = {
  readonly document: Json;
  readonly rules: Rules;
  readonly report: SchemaReport;
  readonly isOpen: boolean;
};

class Compiler {
  readonly #document: Json;
  readonly #rules: Rules;
  readonly #report: SchemaReport;
  readonly #references: References;
  readonly #normalizer: Normalizer;
  readonly #build: BuildContext;
  /** Compiled schemas; null for a schema that allows no value. */
  readonly #bodies = new Map<Schema, GrammarPart | null>();
  /** Schemas that are being compiled, with the rule for their use in themselves. */
  readonly #open = new Map<Schema, string | null>();
  /** Schemas that led here without any text in between. Following one of them again would never end. */
  #followed = new Set<Schema>();
  #nodes = 0;
  #depth = 0;

  constructor({ document, rules, report, isOpen }: CompilerOptions) {
    const { budget } = rules;
    const spend = (units: number) => budget.spend(units);
    const joiner = new SchemaJoiner(report);
    this.#document = document;
    this.#rules = rules;
    this.#report = report;
    this.#references = new References(document, spend);
    this.#normalizer = new Normalizer({
      report,
      references: this.#references,
      joiner,
      spend,
      allowsText: (condition, text) => allowsText(condition, text, rules),
      checkPattern: (pattern) => checkPattern(pattern, rules),
    });
    this.#build = {
      rules,
      report,
      shapes: this.#normalizer.context,
      visit: (schema) => this.#inside(schema),
      isOpen,
    };
  }

  compile(): GrammarPart {
    const body = this.#visit(this.#document);
    if (body !== null) return body;
    throw (
      this.#report.contradiction ??
      new SchemaError(
        isSchema(this.#document) && isNever(this.#document) ? "not" : "",
        "must be a schema that allows at least one value",
        true,
      )
    );
  }

  /** A schema inside another one: text separates the two. */
  #inside(schema: Json): GrammarPart | null {
    const followed = this.#followed;
    this.#followed = new Set();
    this.#depth += 1;
    const body = this.#visit(schema);
    this.#depth -= 1;
    this.#followed = followed;
    return body;
  }

  /** @returns null if the schema allows no value. @throws SchemaError */
  #visit(schema: Json): GrammarPart | null {
    this.#nodes += 1;
    if (this.#nodes > MOST_NODES || this.#depth > MOST_DEPTH)
      throw new SchemaError(
        isSchema(schema) ? this.#report.pathOf(schema) : "",
        `belongs to a schema with more than ${MOST_NODES} parts or ${MOST_DEPTH} levels`,
      );
    if (isNever(schema)) return null;
    if (isAlways(schema)) return anyValue(this.#rules);
    if (!isSchema(schema)) {
      this.#report.leaveOut("", "must be a schema", true);
      return anyValue(this.#rules);
    }
    if (this.#bodies.has(schema)) return this.#compiledBefore(schema);
    if (this.#open.has(schema)) return this.#withinItself(schema);
    this.#open.set(schema, null);
    this.#followed.add(schema);
    const body = this.#named(schema, this.#bodyOf(schema));
    this.#followed.delete(schema);
    if (body !== null) this.#rules.budget.spendChars(sizeOf(body).chars); // the enclosing schema measures it again
    this.#bodies.set(schema, body);
    this.#open.delete(schema);
    return body;
  }

  /** A schema that was compiled before. At its second use, its body becomes a rule, unless it is small. */
  #compiledBefore(schema: Schema): GrammarPart | null {
    const body = this.#bodies.get(schema) ?? null;
    if (body === null || typeof body === "string" || body.type === "rule") return body;
    const shared = this.#rules.add("shared", body);
    this.#bodies.set(schema, shared);
    return shared;
  }

  /** A reference to the rule of a schema that uses itself. */
  #withinItself(schema: Schema): GrammarNode {
    if (this.#followed.has(schema))
      throw new SchemaError(this.#report.pathOf(schema), "refers to itself", true);
    const name = this.#open.get(schema) ?? this.#rules.reserve("self");
    this.#open.set(schema, name);
    return rule(name);
  }

  /** The body as a rule if the schema uses itself; otherwise the body. */
  #named(schema: Schema, body: GrammarPart | null): GrammarPart | null {
    const name = this.#open.get(schema);
    if (!name) return body;
    if (body === null)
      throw new SchemaError(this.#report.pathOf(schema), "allows no value that ends", true);
    this.#rules.set(name, body);
    return rule(name);
  }

  #bodyOf(schema: Schema): GrammarPart | null {
    this.#rules.budget.spend(UNITS_PER_NODE + Object.keys(schema).length);
    if (this.#followed.size > MOST_FOLLOWED)
      throw new SchemaError(
        this.#report.pathOf(schema),
        `follows more than ${MOST_FOLLOWED} references`,
      );
    const isPlain = schema.nullable !== true && schema.discriminator === undefined;
    if (isPlain && typeof schema.$ref === "string" && isAlone("$ref", schema))
      return this.#reference(schema);
    if (isPlain && schema.anyOf !== undefined && isAlone("anyOf", schema))
      return this.#branches(schema);
    return this.#shapes(schema);
  }

  #reference(schema: Schema): GrammarPart | null {
    const ref = String(schema.$ref);
    this.#rules.budget.spendChars(ref.length);
    const target = this.#report.attempt(schema, "$ref", () => this.#references.resolve(ref));
    if (target === null) return anyValue(this.#rules);
    this.#report.note(target, ref);
    if (isSchema(target) && this.#followed.has(target))
      throw new SchemaError(join(this.#report.pathOf(schema), "$ref"), "refers to itself", true);
    return this.#visit(target);
  }

  /** The branches of an anyOf without other keywords. Each keeps its own rules. */
  #branches(schema: Schema): GrammarPart | null {
    const branches = this.#report.attempt(schema, "anyOf", () => readList(schema.anyOf));
    if (branches === null) return anyValue(this.#rules);
    this.#rules.budget.spend(branches.length);
    const path = join(this.#report.pathOf(schema), "anyOf");
    const bodies = branches.map((branch, index) => {
      this.#report.note(branch, join(path, `${index}`));
      return this.#visit(branch);
    });
    return oneOfPossible(bodies);
  }

  #shapes(schema: Schema): GrammarPart | null {
    const shapes = narrowed(this.#shapesOf(schema));
    if (shapes === ANY_VALUE) return anyValue(this.#rules);
    return oneOfPossible(shapes.flatMap((shape) => this.#rulesOf(shape, schema)));
  }

  /** The rules of a shape. Keywords that prove to be too much while rules are written are left out. */
  #rulesOf(shape: Shape, schema: Schema): readonly (GrammarPart | null)[] {
    try {
      return shapeRules(shape, { build: this.#build, path: this.#report.pathOf(schema) });
    } catch (error) {
      if (!(error instanceof KeywordError || error instanceof PatternError)) throw error;
      const path = [this.#report.pathOf(schema), nameKeyword(shape)].filter((part) => part !== "");
      const isMistake = error instanceof MistakeError;
      this.#report.leaveOut(path.join("."), `cannot be enforced: ${error.message}`, isMistake);
      return this.#rulesOf(fallbackShape(shape), schema);
    }
  }

  #shapesOf(schema: Schema): readonly Shape[] {
    try {
      return this.#normalizer.shapesOf(schema);
    } catch (error) {
      if (!(error instanceof KeywordError)) throw error;
      this.#report.leaveOut(this.#report.pathOf(schema), error.message);
      return ANY_VALUE;
    }
  }
}

function oneOfPossible(bodies: readonly (GrammarPart | null)[]): GrammarPart | null {
  const possible = bodies.filter((body) => body !== null);
  return possible.length === 0 ? null : oneOf(possible);
}
