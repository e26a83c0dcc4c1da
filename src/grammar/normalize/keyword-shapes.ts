// The shapes that the keywords of one schema describe, without its references and combinators. Reads the spellings of all
// drafts from 4 on.

import type { Json } from "../../generation/request.ts";
import { UNBOUNDED } from "../nodes.ts";
import { ANY_NUMBER, boundsOfBoth, type NumberBounds } from "../numbers/number-bounds.ts";
import type { NumberLimit } from "../numbers/number-limit.ts";
import {
  join,
  KeywordError,
  MistakeError,
  MOST_VALUES,
  readList,
  readNumber,
  type Schema,
  typesOf,
} from "../schema-keywords.ts";
import { isKnownFormat } from "../text/format-patterns.ts";
import { arrayShape } from "./array-keywords.ts";
import { allTexts, shapesOfBoth } from "./intersection.ts";
import { objectShape } from "./object-keywords.ts";
import { type KeywordContext, SchemaReader } from "./schema-reader.ts";
import { ANY_VALUE, type Shape, type TextCondition } from "./shapes.ts";

const UNITS_PER_SCHEMA = 4;

/** @throws SchemaError */
export function keywordShapes(schema: Schema, context: KeywordContext): readonly Shape[] {
  context.spend(UNITS_PER_SCHEMA + Object.keys(schema).length);
  const shapes = new KeywordReader(new SchemaReader(schema, context)).shapes();
  return listed(schema, shapes, context);
}

/** The values of enum or const that match the other keywords. */
function listed(
  schema: Schema,
  shapes: readonly Shape[],
  context: KeywordContext,
): readonly Shape[] {
  const keyword = schema.const === undefined ? "enum" : "const";
  if (schema[keyword] === undefined) return shapes;
  const values =
    keyword === "const"
      ? [schema.const ?? null]
      : context.report.attempt(schema, "enum", () => fewValues(readList(schema.enum)));
  if (values === null) return shapes;
  const left =
    values.length === 0 ? [] : shapesOfBoth([{ type: "values", values }], shapes, context);
  if (left.length > 0) return left;
  const isLeftOut = context.report.contradicts(
    schema,
    keyword,
    "allows no value beside the other keywords",
  );
  return isLeftOut ? shapes : left;
}

/** @throws KeywordError if there are too many */
function fewValues(values: readonly Json[]): readonly Json[] {
  if (values.length <= MOST_VALUES) return values;
  throw new KeywordError(`has more than ${MOST_VALUES} values`);
}

class KeywordReader {
  readonly #reader: SchemaReader;

  constructor(reader: SchemaReader) {
    this.#reader = reader;
  }

  shapes(): readonly Shape[] {
    const types = this.#reader.read("type", () => typesOf(this.#reader.schema));
    if (!types) {
      const any = ANY_VALUE.map((shape) => this.#limited(shape));
      if (any.every((shape, index) => shape === ANY_VALUE[index])) return ANY_VALUE;
      return any.filter((shape) => shape !== null);
    }
    return types.map((type) => this.#ofType(type)).filter((shape) => shape !== null);
  }

  #ofType(type: string): Shape | null {
    const shape = ANY_VALUE.find((each) => each.type === (type === "integer" ? "number" : type));
    if (!shape) return null;
    return type === "integer" && shape.type === "number"
      ? this.#number({ ...shape.bounds, isInteger: true })
      : this.#limited(shape);
  }

  #limited(shape: Shape): Shape | null {
    switch (shape.type) {
      case "number":
        return this.#number(shape.bounds) ?? null;
      case "string":
        return this.#string(shape);
      case "array":
        return arrayShape(this.#reader);
      case "object":
        return objectShape(this.#reader);
      default:
        return shape;
    }
  }

  #number(type: NumberBounds): Shape | null {
    const whole = ANY_VALUE.find((shape) => shape.type === "number") ?? null;
    const limits = this.#limits();
    const step =
      this.#reader.read("multipleOf", () => readNumber(this.#reader.schema, "multipleOf")) ??
      this.#reader.read("divisibleBy", () => readNumber(this.#reader.schema, "divisibleBy"));
    if (limits.length === 0 && step === null && !type.isInteger) return whole;
    const path = join(
      this.#reader.path,
      step === null ? (limits[0]?.keyword ?? "type") : "multipleOf",
    );
    let bounds: NumberBounds = { ...type, steps: step === null ? [] : [step] };
    for (const { keyword, limit } of limits) {
      const both = boundsOfBoth(bounds, { ...ANY_NUMBER, ...limit });
      if (both) bounds = both;
      else if (!this.#reader.contradicts(keyword, "leaves no number beside the other limits"))
        return null;
    }
    return { type: "number", bounds, path };
  }

  /** In draft 4 and OpenAPI 3.0, `exclusiveMinimum: true` makes the other limit exclusive. */
  #limits(): readonly { readonly keyword: string; readonly limit: Partial<NumberBounds> }[] {
    return LIMITS.flatMap(({ keyword, side, exclusive }) => {
      const value = this.#reader.schema[keyword];
      if (typeof value === "boolean") return [];
      const number = this.#reader.read(keyword, () => readNumber(this.#reader.schema, keyword));
      if (number === null) return [];
      const isExclusive = exclusive === undefined || this.#reader.schema[exclusive] === true;
      const limit: NumberLimit = { value: number, isExclusive };
      return [{ keyword, limit: { [side]: limit } }];
    });
  }

  #string(any: Shape): Shape | null {
    const { pattern, format, minLength, maxLength } = this.#reader.schema;
    if ([pattern, format, minLength, maxLength].every((each) => each === undefined)) return any;
    const conditions: TextCondition[] = [];
    const length = this.#reader.counts("minLength", "maxLength");
    if (!length) return null;
    if (length.min > 0 || length.max !== UNBOUNDED)
      conditions.push({
        type: "length",
        ...length,
        path: join(this.#reader.path, maxLength === undefined ? "minLength" : "maxLength"),
      });
    if (isKnownFormat(format))
      conditions.push({ type: "format", format, path: join(this.#reader.path, "format") });
    const checked = this.#reader.read("pattern", () => this.#pattern(pattern));
    if (checked !== null)
      conditions.push({
        type: "pattern",
        pattern: checked,
        path: join(this.#reader.path, "pattern"),
      });
    const text = allTexts(conditions);
    if (!text) return null;
    return text.type === "any" ? any : { type: "string", text };
  }

  #pattern(pattern: Json | undefined): string {
    if (typeof pattern !== "string") throw new MistakeError("must be a regular expression");
    this.#reader.context.checkPattern(pattern);
    return pattern;
  }
}

const LIMITS = [
  { keyword: "minimum", side: "min", exclusive: "exclusiveMinimum" },
  { keyword: "exclusiveMinimum", side: "min", exclusive: undefined },
  { keyword: "maximum", side: "max", exclusive: "exclusiveMaximum" },
  { keyword: "exclusiveMaximum", side: "max", exclusive: undefined },
] as const;
