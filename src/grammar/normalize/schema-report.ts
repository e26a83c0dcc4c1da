// Knows the path of each schema in the client's document. Refuses or leaves out keywords that cannot be enforced.

import type { Json } from "../../generation/request.ts";
import {
  isSchema,
  join,
  KeywordError,
  MistakeError,
  type Schema,
  SchemaError,
} from "../schema-keywords.ts";

export type SchemaReportOptions = {
  /** Gets the paths of keywords that are left out; null to refuse their schema. */
  readonly ignored: Set<string> | null;
  /** Whether keywords that are wrong in themselves are refused, although others are left out. */
  readonly refusesMistakes: boolean;
};

export class SchemaReport {
  readonly #paths = new WeakMap<object, string>();
  readonly #ignored: Set<string> | null;
  readonly #refusesMistakes: boolean;
  #contradiction: SchemaError | null = null;

  constructor({ ignored, refusesMistakes }: SchemaReportOptions) {
    this.#ignored = ignored;
    this.#refusesMistakes = refusesMistakes;
  }

  /** Notes the path of a schema; the first one counts. */
  note(schema: Json | undefined, path: string): void {
    if (isSchema(schema) && !this.#paths.has(schema))
      this.#paths.set(schema, path === "#" ? "" : path);
  }

  /** Gives a schema that was made from another one the path of that one. */
  noteAs(schema: Json, source: Json): void {
    if (isSchema(source) && this.#paths.has(source)) this.note(schema, this.pathOf(source));
  }

  /** The path of a schema; empty for the document. */
  pathOf(schema: Schema): string {
    return this.#paths.get(schema) ?? "";
  }

  /** Runs work that reads a keyword. @returns null if the keyword is left out. @throws SchemaError */
  attempt<T>(schema: Schema, keyword: string, work: () => T): T | null {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof KeywordError)) throw error;
      const isMistake = error instanceof MistakeError;
      this.leaveOut(join(this.pathOf(schema), keyword), error.message, isMistake);
      return null;
    }
  }

  /** @throws SchemaError if the keyword must not be left out */
  leaveOut(path: string, reason: string, isMistake = false): void {
    if (!this.#ignored || (isMistake && this.#refusesMistakes))
      throw new SchemaError(path, reason, isMistake);
    this.#ignored.add(path);
  }

  /**
   * Two keywords that the client wrote side by side exclude each other.
   * @returns whether the keyword is left out; otherwise the schema allows no value, which matters only if a value is needed
   */
  contradicts(schema: Schema, keyword: string, reason: string): boolean {
    const path = join(this.pathOf(schema), keyword);
    this.noteImpossible(path, reason);
    if (!this.#ignored || this.#refusesMistakes) return false;
    this.#ignored.add(path);
    return true;
  }

  /** Notes a reason why no value may be left. The first one counts. */
  noteImpossible(path: string, reason: string): void {
    this.#contradiction ??= new SchemaError(path, reason, true);
  }

  /** Why no value is left, if that is known. */
  get contradiction(): SchemaError | null {
    return this.#contradiction;
  }
}
