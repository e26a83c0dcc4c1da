// A schema → its normal form: the keywords of the schema itself, what it refers to, and its combinators.
// Keywords: https://json-schema.org/draft/2020-12/json-schema-core#section-10

import type { Json } from "../../generation/request.ts";
import {
  isAlways,
  isNever,
  isSchema,
  join,
  KeywordError,
  MistakeError,
  readList,
  type Schema,
  SchemaError,
} from "../schema-keywords.ts";
import { dependentShapes } from "./dependent.ts";
import { differenceOf } from "./difference.ts";
import { discriminatorOf, taggedShapes } from "./discriminator.ts";
import { type Branch, exclusiveShapes } from "./exclusive.ts";
import { shapesOfBoth } from "./intersection.ts";
import { keywordShapes } from "./keyword-shapes.ts";
import type { References } from "./references.ts";
import type { SchemaJoiner } from "./schema-joiner.ts";
import type { KeywordContext } from "./schema-reader.ts";
import type { SchemaReport } from "./schema-report.ts";
import type { ShapeContext } from "./shape-context.ts";
import { ANY_VALUE, type Shape } from "./shapes.ts";
import { withUnevaluated } from "./unevaluated.ts";
import { unionOf } from "./union.ts";

export type NormalizerOptions = Pick<KeywordContext, "spend" | "allowsText" | "checkPattern"> & {
  readonly report: SchemaReport;
  readonly references: References;
  readonly joiner: SchemaJoiner;
};

/** Limit on shapes of a schema. */
const MOST_SHAPES = 500;
/** Levels of members that are compared to find out whether two objects exclude each other. */
const MOST_LEVELS = 4;
/** Limit on combinators inside each other. */
const MOST_NESTED = 64;
/** Why oneOf is left out. */
const INDISTINCT =
  "needs branches that can be told apart: of different types, or with different values or members; use anyOf instead";

/** Reports a schema whose normal form requires itself. */
class CycleError extends Error {}

export class Normalizer {
  readonly #report: SchemaReport;
  readonly #references: References;
  readonly #context: KeywordContext;
  readonly #known = new Map<Json, readonly Shape[]>();
  readonly #open = new Set<Json>();
  /** Schemas whose shapes leave values out. */
  readonly #incomplete = new Set<Json>();
  /** Whether the work inside the current `#watched` has used shapes that leave values out. */
  #isIncomplete = false;
  /** Levels of members above the schema that is compared now. */
  #level = 0;

  constructor({ report, references, joiner, ...checks }: NormalizerOptions) {
    this.#report = report;
    this.#references = references;
    this.#context = {
      ...checks,
      report,
      joiner,
      shapesOf: (schema) => this.shapesOf(schema),
      isImpossible: (schema) => this.#isImpossible(schema),
    };
  }

  get context(): ShapeContext {
    return this.#context;
  }

  /** @returns no shapes for a schema that allows no value. @throws SchemaError; KeywordError for a schema that refers to itself */
  shapesOf(schema: Json): readonly Shape[] {
    if (isNever(schema)) return [];
    if (isAlways(schema)) return ANY_VALUE;
    if (!isSchema(schema)) throw new MistakeError("must be a schema");
    const known = this.#known.get(schema);
    this.#isIncomplete ||= this.#incomplete.has(schema);
    if (known) return known;
    if (this.#open.has(schema))
      throw this.#level > 0 ? new CycleError() : new MistakeError("refers to itself");
    if (this.#open.size > MOST_NESTED)
      throw new SchemaError(
        this.#report.pathOf(schema),
        `has more than ${MOST_NESTED} levels of combinators`,
      );
    this.#open.add(schema);
    try {
      const { result, isIncomplete } = this.#watched(() => this.#newShapes(schema));
      this.#known.set(schema, result);
      if (isIncomplete) this.#incomplete.add(schema);
      this.#isIncomplete ||= isIncomplete;
      return result;
    } finally {
      this.#open.delete(schema);
    }
  }

  /** Runs work and tells whether it used shapes that leave values out. A difference must not be made from these. */
  #watched<T>(work: () => T): { readonly result: T; readonly isIncomplete: boolean } {
    const before = this.#isIncomplete;
    this.#isIncomplete = false;
    try {
      const result = work();
      return { result, isIncomplete: this.#isIncomplete };
    } finally {
      this.#isIncomplete = before;
    }
  }

  /** Whether it is certain that no value matches. Searches a few levels of members. */
  #isImpossible(schema: Json): boolean {
    if (!isSchema(schema)) return schema === false;
    if (this.#level >= MOST_LEVELS) return false;
    this.#level += 1;
    try {
      const { result, isIncomplete } = this.#watched(() => this.shapesOf(schema));
      return result.length === 0 && !isIncomplete;
    } catch (error) {
      if (error instanceof CycleError) return false;
      throw error;
    } finally {
      this.#level -= 1;
    }
  }

  #newShapes(schema: Schema): readonly Shape[] {
    let shapes = keywordShapes(schema, this.#context);
    const combine = (keyword: string, work: () => readonly Shape[]) => {
      if (schema[keyword] === undefined) return;
      const bounded = () => this.#bounded(work());
      // An error in a schema that the client did not write is that of the keyword it was made for.
      const isOurs = this.#context.joiner.hasMade(schema);
      const combined = isOurs ? bounded() : this.#report.attempt(schema, keyword, bounded);
      if (combined && !this.#isContradiction(schema, keyword, { combined, shapes }))
        shapes = combined;
    };
    const order = Object.keys(schema);
    /** A keyword before `properties` adds its members before them. */
    const and = (keyword: string, others: readonly Shape[]) =>
      order.indexOf(keyword) < order.indexOf("properties")
        ? shapesOfBoth(others, shapes, this.#context)
        : shapesOfBoth(shapes, others, this.#context);
    for (const keyword of ["$ref", "$dynamicRef", "$recursiveRef"])
      combine(keyword, () => {
        const target = this.#refersTo(schema, keyword);
        const both = and(keyword, target);
        // In an old draft, keywords beside a reference are left out, but only if they exclude all its values.
        return both.length === 0 && this.#references.isOldDraft ? target : both;
      });
    combine("allOf", () => and("allOf", this.#allOf(schema)));
    combine("extends", () => and("extends", this.shapesOf(schema.extends ?? true)));
    combine("anyOf", () => and("anyOf", this.#anyOf(schema)));
    combine("oneOf", () => this.#oneOf(schema, (branch) => and("oneOf", branch)));
    for (const keyword of ["dependentSchemas", "dependencies"])
      combine(keyword, () => dependentShapes(schema, keyword, { shapes, context: this.#context }));
    combine("if", () => this.#conditional(schema, shapes));
    combine("disallow", () => {
      throw new KeywordError("cannot be enforced");
    });
    const closed = withUnevaluated(schema, shapes, this.#context);
    this.#isIncomplete ||= closed !== shapes;
    shapes = closed;
    combine("not", () => this.#not(schema, shapes));
    if (schema.nullable === true) shapes = unionOf([...shapes, { type: "null" }], this.#context);
    return shapes;
  }

  /** Whether a keyword of the client's schema contradicts the others and is left out. */
  #isContradiction(
    schema: Schema,
    keyword: string,
    { combined, shapes }: Readonly<Record<"combined" | "shapes", readonly Shape[]>>,
  ): boolean {
    if (combined.length > 0 || shapes.length === 0 || this.#context.joiner.hasMade(schema))
      return false;
    const reason = keyword === "oneOf" ? INDISTINCT : "allows no value beside the other keywords";
    return this.#report.contradicts(schema, keyword, reason);
  }

  #bounded(shapes: readonly Shape[]): readonly Shape[] {
    if (shapes.length <= MOST_SHAPES) return shapes;
    throw new KeywordError(`makes more than ${MOST_SHAPES} alternatives`);
  }

  #refersTo(schema: Schema, keyword: string): readonly Shape[] {
    const ref = schema[keyword];
    if (typeof ref !== "string") throw new MistakeError("must be a text");
    const isStatic = keyword === "$ref";
    const target = isStatic ? this.#references.resolve(ref) : this.#references.resolveDynamic(ref);
    this.#report.note(target, ref);
    return this.shapesOf(target);
  }

  #branches(schema: Schema, keyword: string): readonly Json[] {
    const branches = readList(schema[keyword]);
    const path = join(this.#report.pathOf(schema), keyword);
    for (const [index, branch] of branches.entries())
      this.#report.note(branch, join(path, `${index}`));
    this.#context.spend(branches.length);
    return branches;
  }

  /** The shapes of a branch. If the schema names a property that tells branches apart, they require it. */
  #tagged(schema: Schema, branch: Json, shapes: readonly Shape[]): readonly Shape[] {
    const discriminator = discriminatorOf(schema);
    if (!discriminator) return shapes;
    this.#isIncomplete = true;
    return taggedShapes(shapes, branch, { discriminator, context: this.#context });
  }

  #allOf(schema: Schema): readonly Shape[] {
    return this.#branches(schema, "allOf").reduce<readonly Shape[]>(
      (all, branch) => shapesOfBoth(all, this.shapesOf(branch), this.#context),
      ANY_VALUE,
    );
  }

  #anyOf(schema: Schema): readonly Shape[] {
    const shapes = this.#branches(schema, "anyOf").flatMap((branch) =>
      this.#tagged(schema, branch, this.shapesOf(branch)),
    );
    return unionOf(shapes, this.#context);
  }

  /** Each branch without the values of all other branches. */
  #oneOf(schema: Schema, and: (branch: readonly Shape[]) => readonly Shape[]): readonly Shape[] {
    const parts = this.#branches(schema, "oneOf");
    const branches = parts.map((branch): Branch => {
      const { result, isIncomplete } = this.#watched(() => this.shapesOf(branch));
      const shapes = and(this.#tagged(schema, branch, result));
      this.#isIncomplete ||= isIncomplete;
      const widened = isIncomplete
        ? and(this.#tagged(schema, branch, this.#widened(branch)))
        : shapes;
      return { shapes, widened };
    });
    const exclusive = exclusiveShapes(branches, this.#context);
    this.#isIncomplete ||= exclusive?.isIncomplete ?? false;
    if (exclusive) return unionOf(exclusive.shapes, this.#context);
    this.#report.leaveOut(join(this.#report.pathOf(schema), "oneOf"), INDISTINCT);
    const anyBranch = branches.flatMap(({ shapes }) => shapes);
    return unionOf(anyBranch, this.#context);
  }

  /** Shapes that leave no value of a schema out. They may allow other values too. */
  #widened(schema: Json, levels = MOST_LEVELS): readonly Shape[] {
    const { result, isIncomplete } = this.#watched(() => this.shapesOf(schema));
    if (isIncomplete && levels === 0) return ANY_VALUE;
    if (!isIncomplete || !isSchema(schema)) return result;
    const own = this.#watched(() => keywordShapes(schema, this.#context));
    const ref = typeof schema.$ref === "string" ? [this.#references.resolve(schema.$ref)] : [];
    const all = Array.isArray(schema.allOf) ? schema.allOf : [];
    return [...ref, ...all].reduce<readonly Shape[]>(
      (shapes, part) => shapesOfBoth(shapes, this.#widened(part, levels - 1), this.#context),
      own.isIncomplete ? ANY_VALUE : own.result,
    );
  }

  #not(schema: Schema, shapes: readonly Shape[]): readonly Shape[] {
    const excluded = schema.not ?? false;
    this.#report.note(excluded, join(this.#report.pathOf(schema), "not"));
    return this.#difference(shapes, excluded);
  }

  /** @throws KeywordError if the difference cannot be stated */
  #difference(shapes: readonly Shape[], excluded: Json): readonly Shape[] {
    const { result, isIncomplete } = this.#watched(() =>
      differenceOf(shapes, this.#widened(excluded), this.#context),
    );
    const hasGaps = result.isIncomplete || this.#incomplete.has(excluded);
    if (isIncomplete || (hasGaps && result.shapes.length === 0))
      throw new KeywordError("cannot be enforced");
    this.#isIncomplete ||= hasGaps;
    return result.shapes;
  }

  #conditional(schema: Schema, shapes: readonly Shape[]): readonly Shape[] {
    const { if: condition = true, then = true, else: otherwise = true } = schema;
    if (isAlways(then) && isAlways(otherwise)) return shapes;
    const path = this.#report.pathOf(schema);
    for (const [keyword, part] of Object.entries({ if: condition, then, else: otherwise }))
      this.#report.note(part, join(path, keyword));
    const inside = shapesOfBoth(shapes, this.shapesOf(condition), this.#context);
    const outside = this.#difference(shapes, condition);
    const cases = [
      ...shapesOfBoth(inside, this.shapesOf(then), this.#context),
      ...shapesOfBoth(outside, this.shapesOf(otherwise), this.#context),
    ];
    return unionOf(cases, this.#context);
  }
}
