// Where the parts of a combined schema come from: errors name the keyword that the client wrote.

import type { Json } from "../../generation/request.ts";
import { isSchema, join, type Schema } from "../schema-keywords.ts";

export class Origins {
  readonly #paths = new WeakMap<object, string>();
  readonly #sources = new WeakMap<object, readonly Schema[]>();
  readonly #combined = new WeakSet<object>();

  /** Notes the path of a schema that the client wrote; the first one counts. */
  note(schema: Json, path: string): void {
    if (isSchema(schema) && !this.#paths.has(schema)) this.#paths.set(schema, path);
  }

  /** Notes the path of a schema within another one. */
  noteWithin(part: Json, schema: Schema, names: readonly string[]): void {
    if (isSchema(part) && !this.#paths.has(part))
      this.#paths.set(part, this.within(schema, names, ""));
  }

  /** Notes of which schemas another one was combined or narrowed. */
  combine(made: Schema, ...sources: readonly Schema[]): Schema {
    this.#sources.set(made, sources);
    this.#combined.add(made);
    return made;
  }

  /** Notes that a schema is what is left of another one. */
  keep(left: Schema, source: Schema): Schema {
    this.#sources.set(left, [source]);
    if (this.#combined.has(source)) this.#combined.add(left);
    return left;
  }

  /** Whether the client did not write the schema: if it allows no value, that is no mistake. */
  isCombined(schema: Schema): boolean {
    return this.#combined.has(schema);
  }

  /** @param absent the path of a schema that was not noted */
  pathOf(schema: Schema, absent: string): string {
    const [source] = this.#sources.get(schema) ?? [];
    return this.#paths.get(schema) ?? (source ? this.pathOf(source, absent) : absent);
  }

  /** The path of a keyword of the schema, or of a schema in it. */
  within(schema: Schema, names: readonly string[], absent: string): string {
    const part = partOf(schema, names);
    const noted = isSchema(part) ? this.#paths.get(part) : undefined;
    if (noted !== undefined) return noted;
    const source = this.#sources.get(schema)?.find((each) => partOf(each, names) !== undefined);
    if (source) return this.within(source, names, absent);
    return names.reduce(join, this.pathOf(schema, absent));
  }
}

function partOf(schema: Schema, names: readonly string[]): Json | undefined {
  let part: Json | undefined = schema;
  for (const name of names) {
    const holder: object | null = isSchema(part) || Array.isArray(part) ? part : null;
    part = holder && Object.hasOwn(holder, name) ? (holder as Schema)[name] : undefined;
  }
  return part;
}
