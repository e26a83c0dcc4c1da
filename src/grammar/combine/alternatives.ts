// Splits a schema with references and combinators ($ref, allOf, anyOf, oneOf) into schemas without them, one of which a value
// must match. What stands beside a combinator holds for each of its branches.

import type { Json } from "../../generation/request.ts";
import type { CompileBudget } from "../compile-budget.ts";
import { resolveReference } from "../resolve-reference.ts";
import {
  EmptyError,
  isAlways,
  isNever,
  isSchema,
  join,
  KeywordError,
  readList,
  refuseUnenforced,
  type Schema,
  SchemaError,
} from "../schema-keywords.ts";
import { type Discriminator, discriminatorOf, tagged } from "./discriminator.ts";
import type { Enforcement } from "./enforcement.ts";
import { exclusiveSchemas } from "./exclusive-schemas.ts";
import { lookUnits, mergedSchemas } from "./merge-schemas.ts";
import type { Origins } from "./origins.ts";
import { rewrittenSchema } from "./rewritten-schema.ts";

export type AlternativesOptions = {
  readonly document: Json;
  readonly budget: CompileBudget;
  readonly origins: Origins;
  readonly enforcement: Enforcement;
};

/** Where a schema is, and the references followed to get there without any text in between. */
export type SplitLocation = {
  readonly path: string;
  readonly depth: number;
  readonly followed: ReadonlySet<unknown>;
  readonly mayBeEmpty?: boolean;
};

/** More would cost more to read than they are worth. */
const MOST_ALTERNATIVES = 500;
export const MOST_DEPTH = 64;
const UNITS_PER_PART = 4;
/** Longest way from a property to the schema that lists its values. */
const MOST_STEPS = 8;
/** Anything at all: what is beside a combinator if nothing is. */
const ANY: Schema = {};
const COMBINATORS = ["$ref", "allOf", "anyOf", "oneOf"] as const;
type Combinator = (typeof COMBINATORS)[number];

export function combinatorsOf(schema: Schema): readonly Combinator[] {
  return COMBINATORS.filter((keyword) => schema[keyword] !== undefined);
}

export class Alternatives {
  readonly #document: Json;
  readonly #budget: CompileBudget;
  readonly #origins: Origins;
  readonly #enforcement: Enforcement;
  /** Parts of a property that several schemas describe: the same parts are the same schema, so that recursion ends. */
  readonly #joined = new Map<string, Schema>();
  readonly #parts = new Map<Json, readonly Json[]>();
  readonly #ids = new Map<Json, number>();

  constructor({ document, budget, origins, enforcement }: AlternativesOptions) {
    this.#document = document;
    this.#budget = budget;
    this.#origins = origins;
    this.#enforcement = enforcement;
  }

  /** @throws SchemaError; EmptyError if the schema allows no value and is a branch or a combination */
  of(schema: Json, at: SplitLocation): readonly Schema[] {
    if (isNever(schema)) return [];
    if (schema === true) return [ANY];
    if (!isSchema(schema) || at.depth > MOST_DEPTH)
      throw new SchemaError(at.path, isSchema(schema) ? `has more than ${MOST_DEPTH} levels` : "must be a schema"); // biome-ignore format: one line
    this.#origins.note(schema, at.path);
    return this.#enforcement.run(schema, at, (left) => this.#split(left, at));
  }

  /** Splits a branch, which may allow no value by itself. */
  #ofBranch(branch: Json, at: SplitLocation): readonly Schema[] {
    try {
      return this.of(branch, { ...at, mayBeEmpty: true });
    } catch (error) {
      if (error instanceof EmptyError) return [];
      throw error;
    }
  }

  #split(given: Schema, at: SplitLocation): readonly Schema[] {
    this.#budget.spend(UNITS_PER_PART * (1 + Object.keys(given).length));
    if (Array.isArray(given.enum)) this.#budget.spend(lookUnits(given.enum));
    const schema = this.rewritten(given, at.mayBeEmpty);
    refuseUnenforced(schema);
    const combinators = combinatorsOf(schema);
    if (combinators.length === 0 && schema.nullable !== true) return [schema];
    const { $ref, allOf, anyOf, oneOf, nullable, ...own } = schema;
    let all: readonly Schema[] = [isAlways(own) ? ANY : this.#origins.combine(own, schema)];
    for (const keyword of combinators) {
      if (keyword === "$ref") all = this.#product(keyword, all, this.#ofReference(schema, at));
      else all = this.#ofBranches(keyword, all, schema, at);
      if (all.length === 0) throw new EmptyError(keyword, "allows no value beside the rest");
    }
    return nullable === true ? [...all, { type: "null" }] : all;
  }

  #ofReference({ $ref }: Schema, { depth, followed }: SplitLocation): readonly Schema[] {
    const ref = String($ref);
    this.#budget.spendChars(ref.length);
    const target = resolveReference(this.#document, ref);
    if (followed.has(ref) || followed.has(target))
      throw new KeywordError("$ref", `${ref} refers to itself`);
    const next = { path: ref, depth: depth + 1, followed: new Set([...followed, ref]) };
    return this.#ofBranch(target, next);
  }

  #ofBranches(
    keyword: "allOf" | "anyOf" | "oneOf",
    all: readonly Schema[],
    schema: Schema,
    at: SplitLocation,
  ): readonly Schema[] {
    const given = readList(schema[keyword], keyword);
    const discriminator = keyword === "allOf" ? null : discriminatorOf(schema);
    const branches = given.map((branch, index) => {
      const path = join(
        this.#origins.within(schema, [keyword], join(at.path, keyword)),
        `${index}`,
      );
      const split = this.#ofBranch(branch, { ...at, path, depth: at.depth + 1 });
      return discriminator ? this.#tagged(split, branch, discriminator) : split;
    });
    if (keyword === "allOf")
      return branches.reduce((left, branch) => this.#product(keyword, left, branch), all);
    const possible = branches.map((branch) => this.#product(keyword, all, branch));
    return keyword === "anyOf" ? possible.flat() : this.#exclusive(possible, schema, at);
  }

  #exclusive(
    branches: readonly (readonly Schema[])[],
    schema: Schema,
    { path }: SplitLocation,
  ): readonly Schema[] {
    const context = {
      resolve: (part: Json) => this.resolved(part),
      spend: (units: number) => this.#budget.spend(units),
      derive: (made: Schema, source: Schema) => this.#origins.combine(made, source),
    };
    const possible = branches.filter((branch) => branch.length > 0);
    const exclusive = exclusiveSchemas(possible, context);
    if (exclusive) return exclusive;
    this.#enforcement.leaveOut(
      this.#origins.within(schema, ["oneOf"], join(path, "oneOf")),
      "needs branches of which a value can match only one: of different types, or with different values of the same property; use anyOf instead",
    );
    return possible.flat();
  }

  #tagged(split: readonly Schema[], branch: Json, discriminator: Discriminator) {
    return split.map((schema) => {
      const made = tagged(schema, branch, discriminator);
      return made === schema ? schema : this.#origins.combine(made, schema);
    });
  }

  /** Each alternative together with each other one, as far as a value can match both. */
  #product(keyword: Combinator, all: readonly Schema[], others: readonly Schema[]): Schema[] {
    if (all.length * others.length > MOST_ALTERNATIVES)
      throw new KeywordError(keyword, `makes more than ${MOST_ALTERNATIVES} alternatives`);
    const merged = all.flatMap((a) => others.map((b) => this.#merged(keyword, a, b)));
    return merged.filter((schema) => schema !== null);
  }

  #merged(keyword: Combinator, a: Schema, b: Schema): Schema | null {
    if (isAlways(a) || a === b) return b;
    if (isAlways(b)) return a;
    const context = {
      both: (one: Json, other: Json, names: readonly string[]) => {
        this.#origins.noteWithin(one, a, names);
        this.#origins.noteWithin(other, b, names);
        return this.#both(one, other);
      },
      spend: (units: number) => this.#budget.spend(units),
      conflict: (name: string) =>
        this.#enforcement.leaveOut(
          this.#origins.within(b, [name], ""),
          `cannot be enforced together with another ${name}, as ${keyword} asks for`,
        ),
    };
    this.#budget.spend(UNITS_PER_PART * (Object.keys(a).length + Object.keys(b).length));
    const merged = mergedSchemas(a, b, context);
    return merged && this.#origins.combine(merged, a, b);
  }

  /** A schema of what matches both. It is taken apart when its place is compiled. */
  #both(a: Json, b: Json): Json {
    if (a === b || isAlways(b)) return a;
    if (isAlways(a)) return b;
    if (isNever(a) || isNever(b)) return false;
    const parts = [...new Set([a, b].flatMap((each) => this.#parts.get(each) ?? [each]))];
    if (parts.length === 1) return a;
    const key = parts.map((part) => this.#idOf(part)).join();
    const known = this.#joined.get(key);
    if (known) return known;
    const joined = this.#origins.combine({ allOf: parts }, ...parts.filter(isSchema));
    this.#joined.set(key, joined);
    this.#parts.set(joined, parts);
    return joined;
  }

  #idOf(schema: Json): number {
    const id = this.#ids.get(schema) ?? this.#ids.size;
    this.#ids.set(schema, id);
    return id;
  }

  /** The schema in keywords that can be enforced, as far as that is possible. */
  rewritten(schema: Schema, isBranch = false): Schema {
    const made = rewrittenSchema(schema, isBranch);
    return made === schema ? schema : this.#origins.keep(made, schema);
  }

  /** The schema that a chain of references leads to; the last one that can be followed. */
  resolved(schema: Json): Json {
    let found = schema;
    for (let step = 0; step < MOST_STEPS; step++) {
      if (!isSchema(found) || found.$ref === undefined) return found;
      try {
        found = resolveReference(this.#document, String(found.$ref));
      } catch {
        return found;
      }
    }
    return found;
  }
}
