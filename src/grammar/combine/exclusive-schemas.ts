// The branches of oneOf, so that no text matches two of them. Branches without references and combinators are told apart by
// their types, values and members; where that is not enough, they are narrowed: a grammar may accept less than its schema.

import type { Json } from "../../generation/request.ts";
import { isAlways, isNever, isSchema, type Schema, typesOf } from "../schema-keywords.ts";
import { isKnownFormat } from "../string-format.ts";
import { listedValues, lookUnits, othersOf, propertiesOf, textsOf } from "./merge-schemas.ts";
import { allows } from "./value-check.ts";

export type ExclusiveContext = {
  /** The schema that a reference in this one leads to, or this one. */
  readonly resolve: (schema: Json) => Json;
  /** Called for every look at a part of a branch. */
  readonly spend: (units: number) => void;
  /** Notes that a schema was made of another one. */
  readonly derive: (made: Schema, source: Schema) => Schema;
};

/**
 * @param branches each as the schemas that it consists of
 * @returns null if the branches cannot be told apart
 */
export function exclusiveSchemas(
  branches: readonly (readonly Schema[])[],
  context: ExclusiveContext,
): readonly Schema[] | null {
  if (branches.length < 2) return branches.flat();
  const tagged = new Separation(context).byTag(branches);
  return tagged ?? new Separation(context).pairwise(branches);
}

const UNITS_PER_LOOK = 4;

class Separation {
  readonly #context: ExclusiveContext;

  constructor(context: ExclusiveContext) {
    this.#context = context;
  }

  /** By a property that has other values in every branch. */
  byTag(branches: readonly (readonly Schema[])[]): readonly Schema[] | null {
    const [first = {}] = branches.flat();
    if (!branches.flat().every((schema) => isObject(schema))) return null;
    const tag = Object.keys(propertiesOf(first)).find((name) => this.#isTag(name, branches));
    return tag === undefined ? null : branches.flat().map((schema) => this.#with(schema, tag));
  }

  #isTag(name: string, branches: readonly (readonly Schema[])[]): boolean {
    const seen = new Set<string>();
    return branches.every((branch) => {
      const texts = new Set<string>();
      for (const schema of branch) {
        this.#context.spend(1);
        const values = this.#valuesOf(propertyOf(schema, name) ?? true);
        if (!values) return false;
        this.#context.spend(lookUnits(values));
        for (const text of textsOf(values)) texts.add(text);
      }
      const isNew = [...texts].every((text) => !seen.has(text));
      for (const text of texts) seen.add(text);
      return isNew;
    });
  }

  pairwise(branches: readonly (readonly Schema[])[]): readonly Schema[] | null {
    const separate: Schema[] = [];
    for (const [index, branch] of branches.entries()) {
      const others = branches.filter((_, other) => other !== index).flat();
      for (const schema of branch) {
        let left: Schema | null = schema;
        for (const other of others) {
          left = this.#apartFrom(other, left);
          if (!left) return null;
        }
        if (listedValues(left)?.length !== 0) separate.push(left);
      }
    }
    return separate;
  }

  /** The schema without the values of another one; null if it cannot be stated. */
  #apartFrom(other: Schema, schema: Schema): Schema | null {
    this.#context.spend(1);
    if (this.#areDisjoint(schema, other)) return schema;
    const values = listedValues(schema);
    if (values) {
      this.#context.spend(lookUnits(values));
      const found = values.map((value) => allows(other, value));
      if (found.includes(null)) return null;
      const { const: _, ...rest } = schema;
      return this.#derive({ ...rest, enum: values.filter((_, at) => !found[at]) }, schema);
    }
    return isObject(schema) ? this.#byMembers(other, schema) : null;
  }

  #byMembers(other: Schema, schema: Schema): Schema | null {
    const [ours, theirs] = [namesOf(schema), namesOf(other)];
    this.#context.spend(ours.length + theirs.length);
    const [required, theirRequired] = [requiredOf(schema), requiredOf(other)];
    const differing = ours.filter((name) => this.#differ(name, schema, other));
    if (differing.some((name) => required.has(name))) return schema;
    if (isNever(othersOf(other)) && [...required].some((name) => !theirs.includes(name)))
      return schema;
    // Without a member that the other one requires.
    const absent = [...theirRequired].filter((name) => !required.has(name));
    const unknown = absent.find((name) => !ours.includes(name));
    if (unknown !== undefined) return this.#without(schema, unknown);
    if (differing[0] !== undefined) return this.#with(schema, differing[0]);
    return absent[0] === undefined ? null : this.#without(schema, absent[0]);
  }

  #differ(name: string, schema: Schema, other: Schema): boolean {
    const [ours, theirs] = [propertyOf(schema, name), propertyOf(other, name)];
    if (ours === undefined || theirs === undefined || ours === theirs) return false;
    return this.#areDisjoint(ours, theirs);
  }

  #areDisjoint(one: Json, another: Json): boolean {
    const [a, b] = [one, another].map((schema) => this.#context.resolve(schema));
    if (!isSchema(a) || !isSchema(b)) return false;
    const [left, right] = [this.#valuesOf(a), this.#valuesOf(b)];
    this.#context.spend(UNITS_PER_LOOK + lookUnits(left ?? []) + lookUnits(right ?? []));
    if (left && right) return ![...textsOf(left)].some((text) => textsOf(right).has(text));
    if (left) return left.every((value) => allows(b, value) === false);
    if (right) return right.every((value) => allows(a, value) === false);
    return haveOtherTypes(a, b) || haveOtherFormats(a, b) || isBelow(a, b) || isBelow(b, a);
  }

  /** The values that a schema allows if it lists them. */
  #valuesOf(schema: Json): readonly Json[] | null {
    const found = this.#context.resolve(schema);
    if (!isSchema(found)) return null;
    const listed = listedValues(found);
    if (listed || !Array.isArray(found.allOf)) return listed;
    const lists = found.allOf
      .map((part) => this.#context.resolve(part))
      .map((part) => (isSchema(part) ? listedValues(part) : null))
      .filter((values) => values !== null)
      .toSorted((a, b) => a.length - b.length);
    const [shortest, ...others] = lists;
    if (!shortest) return null;
    for (const values of lists) this.#context.spend(lookUnits(values));
    return shortest.filter((value) =>
      others.every((values) => textsOf(values).has(JSON.stringify(value))),
    );
  }

  #with(schema: Schema, name: string): Schema {
    const required = requiredOf(schema);
    if (required.has(name)) return schema;
    return this.#derive({ ...schema, required: [...required, name] }, schema);
  }

  #without(schema: Schema, name: string): Schema {
    const properties = { ...propertiesOf(schema), [name]: false };
    return this.#derive({ ...schema, properties }, schema);
  }

  #derive(made: Schema, source: Schema): Schema {
    return this.#context.derive(made, source);
  }
}

/** Whether a text of the schema is always an object. */
function isObject(schema: Schema): boolean {
  const types = typesOf(schema);
  return types?.length === 1 && types[0] === "object" && !listedValues(schema);
}

function namesOf(schema: Schema): string[] {
  return [...new Set([...Object.keys(propertiesOf(schema)), ...requiredOf(schema)])];
}

function requiredOf({ required }: Schema): ReadonlySet<string> {
  return new Set(Array.isArray(required) ? required.map(String) : []);
}

function propertyOf(schema: Schema, name: string): Json | undefined {
  const properties = propertiesOf(schema);
  const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
  return isAlways(property) ? undefined : property;
}

function haveOtherTypes(a: Schema, b: Schema): boolean {
  if (a.type === undefined || b.type === undefined) return false;
  const asNumbers = (schema: Schema) =>
    (typesOf(schema) ?? []).map((type) => (type === "integer" ? "number" : type));
  const types = asNumbers(b);
  return asNumbers(a).every((type) => !types.includes(type));
}

/** Only host names may look like a text of another format. */
function haveOtherFormats(a: Schema, b: Schema): boolean {
  const formats = [a, b].map((schema) =>
    typesOf(schema)?.join() === "string" ? schema.format : undefined,
  );
  const areKnown = formats.every((format) => isKnownFormat(format) && format !== "hostname");
  return areKnown && formats[0] !== formats[1];
}

/** Whether both are numbers and the first ends below the second. */
function isBelow(a: Schema, b: Schema): boolean {
  const isNumber = (schema: Schema) =>
    (typesOf(schema) ?? []).every((type) => type === "number" || type === "integer");
  if (!isNumber(a) || !isNumber(b)) return false;
  const [top, openTop] = [numberAt(a.maximum), numberAt(a.exclusiveMaximum)];
  const [bottom, openBottom] = [numberAt(b.minimum), numberAt(b.exclusiveMinimum)];
  const isApart = (high: number | null, low: number | null, mayTouch: boolean) =>
    high !== null && low !== null && (mayTouch ? high <= low : high < low);
  return (
    isApart(top, bottom, false) ||
    isApart(openTop, bottom, true) ||
    isApart(top, openBottom, true) ||
    isApart(openTop, openBottom, true)
  );
}

function numberAt(value: Json | undefined): number | null {
  return typeof value === "number" ? value : null;
}
