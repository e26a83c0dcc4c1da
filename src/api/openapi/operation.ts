// What the document says of one operation: the pieces of which all of them are made.

import { z } from "zod";
import type { ErrorCode } from "../../errors.ts";
import type { Contract, Tag } from "../shared/contract.ts";
import { descriptionOf } from "./descriptions.ts";

/** One body that may come, of a type other than JSON too. */
export type Answer = {
  readonly status: number;
  readonly description: string;
  readonly type?: string;
  /** Name of the schema, and the schema; none for what is no JSON. */
  readonly schema?: readonly [name: string, schema: z.ZodType];
};

export type Parameter = {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description: string;
  readonly schema: object;
};

export type Operation = {
  readonly method: "get" | "post" | "delete";
  readonly path: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  /** Of a wire format: body, stream and envelope come from it. */
  readonly contract?: Contract;
  /** Envelope of its errors, where there is no contract that says it; else it is OpenAI's. */
  readonly error?: z.ZodType;
  readonly answers: readonly Answer[];
  /** Of a stream: the data of one event. */
  readonly event?: readonly [name: string, schema: z.ZodType];
  /** Of a stream that has lines instead of events. */
  readonly streamType?: "application/x-ndjson";
  readonly codes: readonly ErrorCode[];
  /** Whether it is answered without a key. */
  readonly isPublic?: boolean;
  /** Whether every key may ask, whatever its scopes. */
  readonly isForAnyKey?: boolean;
  /** Whether it costs tokens, of which a key may have only so many per minute. */
  readonly isMetered?: boolean;
};

/** One that takes nothing. */
export function get(path: string, tag: Tag, summary: string, schema?: Answer["schema"]): Operation {
  const answers = schema ? [{ status: 200, description: "The answer", schema }] : [];
  return { method: "get", path, tag, summary, answers, codes: [] };
}

/** The fields of a query. A name with brackets is another spelling of the one without. */
export function queryOf(schema: z.ZodType): readonly Parameter[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
  });
  return Object.entries(properties)
    .filter(([name]) => !name.endsWith("[]"))
    .map(([name, property]) => ({
      ...{ name, in: "query" as const, schema: Object(property) as object },
      required: required.includes(name),
      description: descriptionOf("query", name) ?? "",
    }));
}

export function pathId(description: string): Parameter {
  return inPath("id", description);
}

/** Of a path with `{model}` in it. */
export function pathModel(): Parameter {
  return inPath("model", "A served id; it may have slashes.");
}

function inPath(name: string, description: string): Parameter {
  return { name, in: "path", required: true, description, schema: { type: "string" } };
}
