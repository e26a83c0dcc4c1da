// One operation of the OpenAPI document.

import type { z } from "zod";
import type { ErrorCode } from "../../errors.ts";
import type { Contract, Tag } from "../shared/contract.ts";

export type NamedSchema = readonly [name: string, schema: z.ZodType];

/** A possible answer: JSON, a body of another type, or no body. */
export type OperationAnswer = {
  readonly status: number;
  readonly description: string;
  readonly schema?: NamedSchema;
  readonly type?: string;
  /** Whether it has no body, although its status allows one. */
  readonly isEmpty?: boolean;
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
  /** Present for wire formats: defines body and stream. */
  readonly contract?: Contract;
  /** Description of `{id}` in the path. */
  readonly id?: string;
  readonly query?: z.ZodType;
  /** Parameters besides those of the path and the query. */
  readonly parameters?: readonly Parameter[];
  readonly answers: readonly OperationAnswer[];
  /** Schema of a stream event's data. */
  readonly event?: NamedSchema;
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
