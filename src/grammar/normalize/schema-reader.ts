// Reads the keywords of one schema. Reports those that cannot be enforced; they are left out or refused.

import type { Json } from "../../generation/request.ts";
import { UNBOUNDED } from "../nodes.ts";
import {
  isSchema,
  join,
  MistakeError,
  readLeast,
  readMost,
  type Schema,
} from "../schema-keywords.ts";
import type { SchemaReport } from "./schema-report.ts";
import type { ShapeContext } from "./shape-context.ts";

export type KeywordContext = ShapeContext & {
  readonly report: SchemaReport;
  /** @throws PatternError for a pattern that cannot be read */
  readonly checkPattern: (pattern: string) => void;
};

export class SchemaReader {
  readonly schema: Schema;
  readonly context: KeywordContext;
  readonly report: SchemaReport;

  constructor(schema: Schema, context: KeywordContext) {
    this.schema = schema;
    this.context = context;
    this.report = context.report;
  }

  /** @returns null for a keyword that is absent or left out */
  read<T>(keyword: string, work: () => T): T | null {
    return this.schema[keyword] === undefined
      ? null
      : this.report.attempt(this.schema, keyword, work);
  }

  /** The members of a keyword whose value is an object; empty if it is absent or left out. */
  readMap(keyword: string): Schema {
    const read = () => {
      const value = this.schema[keyword];
      if (isSchema(value)) return value;
      throw new MistakeError("must be an object");
    };
    return this.read(keyword, read) ?? {};
  }

  /** Two limits on a count, `UNBOUNDED` for no maximum; null if they exclude each other. */
  counts(
    minKeyword: string,
    maxKeyword: string,
  ): { readonly min: number; readonly max: number } | null {
    const min = this.read(minKeyword, () => readLeast(this.schema, minKeyword)) ?? 0;
    const max =
      this.read(maxKeyword, () => readMost(this.schema, maxKeyword, UNBOUNDED)) ?? UNBOUNDED;
    if (min <= max) return { min, max };
    return this.contradicts(maxKeyword, `is below ${minKeyword}`) ? { min, max: UNBOUNDED } : null;
  }

  /** Notes the path of a schema inside this one. @returns the schema; true for a value that is none, which is left out */
  inner(schema: Json | undefined, ...names: readonly string[]): Json | undefined {
    const path = names.reduce(join, this.path);
    this.report.note(schema, path);
    if (schema === undefined || typeof schema === "boolean" || isSchema(schema)) return schema;
    this.report.leaveOut(path, "must be a schema", true);
    return true;
  }

  /** Path of the schema. */
  get path(): string {
    return this.report.pathOf(this.schema);
  }

  /** Whether a keyword that excludes the others is left out. Otherwise the schema allows no value of the type. */
  contradicts(keyword: string, reason: string): boolean {
    return this.report.contradicts(this.schema, keyword, reason);
  }
}
