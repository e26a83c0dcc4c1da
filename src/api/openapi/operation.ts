// One operation of the OpenAPI document, and helpers that build operations.

import { z } from "zod";
import type { ErrorCode } from "../../errors.ts";
import type { Contract, Tag } from "../shared/contract.ts";

/** A possible answer of an operation: JSON, or a body of another type. */
export type OperationAnswer = {
  readonly status: number;
  readonly description: string;
  readonly type?: string;
  /** Name of the schema, and the schema; absent if the body is not JSON. */
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
  /** Present for wire formats: defines body, stream and error. */
  readonly contract?: Contract;
  /** Error schema of an operation without a contract. Default: OpenAI's. */
  readonly error?: z.ZodType;
  readonly answers: readonly OperationAnswer[];
  /** Name and schema of a stream event's data. */
  readonly event?: readonly [name: string, schema: z.ZodType];
  /** Present if the stream has lines instead of events. */
  readonly streamType?: "application/x-ndjson";
  readonly codes: readonly ErrorCode[];
  /** Whether it needs no API key. */
  readonly isPublic?: boolean;
  /** Whether a key of any scope may call it. */
  readonly isForAnyKey?: boolean;
  /** Whether it counts against the key's tokens per minute. */
  readonly isMetered?: boolean;
};

/** A GET operation without parameters. */
export function get(
  path: string,
  tag: Tag,
  summary: string,
  schema?: OperationAnswer["schema"],
): Operation {
  const answers = schema ? [{ status: 200, description: "The answer", schema }] : [];
  return { method: "get", path, tag, summary, answers, codes: [] };
}

/** The parameters of a query. `include[]` is another spelling of `include` and left out. */
export function queryOf(schema: z.ZodType): readonly Parameter[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
  });
  return Object.entries(properties)
    .filter(([name]) => !name.endsWith("[]"))
    .map(([name, property]) => {
      const { description = "", ...schema } = Object(property) as { description?: string };
      return { name, in: "query" as const, required: required.includes(name), description, schema };
    });
}

export function pathId(description: string): Parameter {
  return inPath("id", description);
}

/** The parameter of a path with `{model}` in it. */
export function pathModel(): Parameter {
  return inPath("model", "Id of a served model. It may contain slashes.");
}

function inPath(name: string, description: string): Parameter {
  return { name, in: "path", required: true, description, schema: { type: "string" } };
}
