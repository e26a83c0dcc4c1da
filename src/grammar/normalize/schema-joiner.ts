// Makes schemas from other schemas. The same parts always make the same schema, so that the work on recursive schemas ends.

import type { Json } from "../../generation/request.ts";
import { isAlways, isNever, isSchema, type Schema } from "../schema-keywords.ts";
import type { SchemaReport } from "./schema-report.ts";

export class SchemaJoiner {
  readonly #report: SchemaReport;
  readonly #ids = new Map<Json, number>();
  readonly #joined = new Map<string, Schema>();
  readonly #parts = new WeakMap<Schema, readonly Json[]>();
  readonly #negated = new Map<Json, Schema>();
  readonly #negations = new WeakSet<Schema>();

  constructor(report: SchemaReport) {
    this.#report = report;
  }

  /** A schema of the values that match all of these. */
  both(schemas: readonly Json[]): Json {
    const all = schemas.flatMap((schema) => this.#partsOf(schema));
    const parts = [...new Set(all)].filter((part) => !isAlways(part));
    if (parts.some(isNever)) return false;
    const [first = true] = parts;
    if (parts.length < 2) return first;
    const key = parts.map((part) => this.#idOf(part)).join();
    const joined = this.#joined.get(key) ?? { allOf: parts };
    this.#joined.set(key, joined);
    this.#parts.set(joined, parts);
    for (const part of parts) this.#report.noteAs(joined, part);
    return joined;
  }

  /** Whether the client did not write the schema. */
  hasMade(schema: Schema): boolean {
    return this.#parts.has(schema) || this.#negations.has(schema);
  }

  /** A schema of the values that do not match this one. */
  not(schema: Json): Json {
    if (isNever(schema)) return true;
    if (isAlways(schema)) return false;
    const negated = this.#negated.get(schema) ?? { not: schema };
    this.#negated.set(schema, negated);
    this.#negations.add(negated);
    this.#report.noteAs(negated, schema);
    return negated;
  }

  #partsOf(schema: Json): readonly Json[] {
    return (isSchema(schema) ? this.#parts.get(schema) : undefined) ?? [schema];
  }

  #idOf(schema: Json): number {
    const id = this.#ids.get(schema) ?? this.#ids.size;
    this.#ids.set(schema, id);
    return id;
  }
}
