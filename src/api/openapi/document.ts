// Builds the OpenAPI 3.1 document from the schemas that validate requests, and that tests check the answers against.
// https://spec.openapis.org/oas/v3.1.1

import { z } from "zod";
import type { ErrorCode } from "../../errors.ts";
import type { Contract, Tag } from "../shared/contract.ts";
import { errorAnswers, headersNamed } from "./errors.ts";
import type { Operation, OperationAnswer, Parameter } from "./operation.ts";
import { MODEL, operations } from "./operations.ts";
import { BODY, type JsonSchema, SchemaNames } from "./schemas.ts";

export type OpenapiDocument = {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: { readonly schemas: Record<string, JsonSchema> } & Record<string, object>;
} & Readonly<Record<string, unknown>>;

export type DocumentedOperation = {
  readonly parameters: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, DocumentedAnswer>>;
  readonly security?: readonly object[];
} & Readonly<Record<string, unknown>>;

type DocumentedAnswer = { readonly description: string; readonly content?: Content };
type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;

const INFO = `A streaming server for GGUF models with a request queue. Bodies are JSON. Every answer has an \`x-request-id\`: your own, if you send one.
The server answers 404 (\`not_found\`) to unknown paths, 405 (\`method_not_allowed\`) to other methods, 431 (\`headers_too_large\`) to headers over 16 KiB, 408 (\`receive_timeout\`) to requests that arrive too slowly, and 403 (\`host_not_allowed\`, \`origin_not_allowed\`) to host names and web origins that are not allowed.
Unknown fields are listed in the header \`x-ignored-params\`; with \`--strict\` they are refused.`;

function text(description: string) {
  return { description, schema: { type: "string" } };
}

function integer(description: string) {
  return { description, schema: { type: "integer" } };
}

const HEADERS = {
  "x-request-id": text("Id of the request: your own, if you sent a valid one."),
  "request-id": text("Same as `x-request-id`, for Anthropic's SDKs."),
  "x-ignored-params": text("Fields of the body that are unknown and had no effect."),
  "x-cache-miss": text(
    "Why the prefix cache lacked tokens that an earlier prompt of the same key had. Not on streams.",
  ),
  location: text("For a resumable stream: the path at which to resume it."),
  "server-timing": text("How long each phase took."),
  "x-ratelimit-limit-tokens": integer(
    "Tokens that the key may use per minute. Absent for keys without such a limit.",
  ),
  "x-ratelimit-remaining-tokens": integer("Tokens that the key had left at the request's arrival."),
  "x-ratelimit-reset-tokens": text("Time until the key has all its tokens again, e.g. `1m12.5s`."),
  "retry-after": integer("Seconds to wait before a retry."),
  "www-authenticate": text("`Bearer`."),
};

const ALLOWANCE = Object.keys(HEADERS).filter((name) => name.startsWith("x-ratelimit-"));

const SECURITY = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description: "A key from `--api-key` or `--keys-file`.",
  },
  apiKey: keyIn("x-api-key", "The same key, as Anthropic's SDKs send it."),
  googleApiKey: keyIn(
    "x-goog-api-key",
    "The same key, as Google's SDKs send it. `/v1beta` also accepts the query `key`.",
  ),
};

function keyIn(name: string, description: string) {
  return { type: "apiKey", in: "header", name, description };
}

const PARAMETERS = {
  requestId: {
    name: "x-request-id",
    in: "header",
    description: "An id of your own: up to 128 letters, digits, `_`, `.`, `:`, `-`.",
    schema: { type: "string", pattern: "^[\\w.:-]{1,128}$" },
  },
  resumable: {
    name: "x-resumable",
    in: "header",
    description: "Whether the stream can be resumed, at the path in the header `location`.",
    schema: { type: "string", enum: ["true", "false"] },
  },
  deadline: {
    name: "x-deadline-ms",
    in: "header",
    description: "Time limit for the answer in ms, from the arrival of the request.",
    schema: { type: "integer", minimum: 1, maximum: 2_000_000_000 },
  },
};

/** @param version of the server */
export function openapiDocument(version: string): OpenapiDocument {
  const names = new SchemaNames();
  const paths: Record<string, Record<string, DocumentedOperation>> = {};
  const tags = new Set<Tag>();
  for (const operation of operations()) {
    const { path, method, tag } = operation;
    tags.add(tag);
    paths[path] = { ...paths[path], [method]: documented(operation, names) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Sluice", version, description: INFO },
    servers: [{ url: "/" }],
    tags: [...tags].map(({ name, description }) => ({ name, description })),
    // The empty one is for servers without API keys.
    security: [{ bearer: [] }, { apiKey: [] }, { googleApiKey: [] }, {}],
    paths,
    components: {
      schemas: names.toJson(),
      headers: HEADERS,
      parameters: PARAMETERS,
      securitySchemes: SECURITY,
    },
  };
}

function documented(operation: Operation, names: SchemaNames): DocumentedOperation {
  const { method, path, tag, summary, contract, answers, isPublic = false } = operation;
  const errors = errorAnswers(codesOf(operation), errorOf(operation, names), tag);
  const headers = headersOf(operation);
  const described = answers.map((answer) => {
    const content = contentOf(answer, operation, names);
    const { status, description } = answer;
    return [status, { description, headers, ...(content ? { content } : {}) }] as const;
  });
  return {
    tags: [tag.name],
    summary,
    operationId: operationId(method, path),
    parameters: parametersOf(operation),
    ...(contract ? { requestBody: requestBody(contract, names) } : {}),
    responses: { ...errors, ...Object.fromEntries(described) },
    ...(isPublic ? { security: [] } : {}),
  };
}

function errorOf({ tag }: Operation, names: SchemaNames): JsonSchema {
  return names.add(`${tag.name}Error`, tag.error);
}

function codesOf({ codes, isPublic, isForAnyKey }: Operation): readonly ErrorCode[] {
  if (isPublic) return codes;
  const scope = isForAnyKey ? [] : (["permission_denied"] as const);
  return [...codes, "invalid_api_key", "key_set_unavailable", ...scope, "internal_error"];
}

/** Only answers that are generated can be resumed, and not streams of JSON lines, because lines have no ids. */
function isResumable({ contract, streamType, isMetered = false }: Operation): boolean {
  return isMetered && contract?.event !== undefined && streamType === undefined;
}

/** `post`, `/v1/chat/completions` → `postV1ChatCompletions`. */
function operationId(method: string, path: string): string {
  const words = path.split(/\W+|_/).filter((word) => word !== "");
  return method + words.map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`).join("");
}

function parametersOf(operation: Operation): DocumentedOperation["parameters"] {
  const { path, id, query, contract, parameters = [] } = operation;
  return [
    ...(path.includes("{model}") ? [inPath("model", MODEL)] : []),
    ...(id ? [inPath("id", id)] : []),
    ...(query ? queryOf(query) : []),
    ...parameters,
    ...(isResumable(operation) ? [{ $ref: "#/components/parameters/resumable" }] : []),
    ...(contract ? [{ $ref: "#/components/parameters/deadline" }] : []),
    { $ref: "#/components/parameters/requestId" },
  ];
}

function inPath(name: string, description: string): Parameter {
  return { name, in: "path", required: true, description, schema: { type: "string" } };
}

/** The parameters of a query. `include[]` is another spelling of `include` and left out. */
function queryOf(schema: z.ZodType): readonly Parameter[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
  });
  return Object.entries(properties)
    .filter(([name]) => !name.endsWith("[]"))
    .map(([name, property]) => {
      const { description = "", ...schema } = Object(property) as { description?: string };
      return { name, in: "query", required: required.includes(name), description, schema };
    });
}

function requestBody({ name, body, example }: Contract, names: SchemaNames) {
  const schema = names.add(name + BODY, body);
  return { required: true, content: { "application/json": { schema, example } } };
}

function headersOf(operation: Operation): Record<string, object> {
  const { contract, isMetered } = operation;
  return headersNamed([
    "x-request-id",
    "request-id",
    ...(contract ? ["x-ignored-params"] : []),
    ...(isMetered ? ALLOWANCE : []),
    ...(isMetered && contract?.event ? ["server-timing", "x-cache-miss"] : []),
    ...(isResumable(operation) ? ["location"] : []),
  ]);
}

/** Null for an answer without a body. */
function contentOf(
  { status, type, schema, isEmpty = false }: OperationAnswer,
  operation: Operation,
  names: SchemaNames,
): Content | null {
  if (status === 204 || isEmpty) return null;
  return {
    ...(schema ? { "application/json": { schema: names.add(...schema) } } : {}),
    ...(type ? { [type]: { schema: { type: "string" } } } : {}),
    ...(status === 200 ? streamOf(operation, names) : {}),
  };
}

/** OpenAPI 3.1 cannot describe a stream of events, so the schema is that of one event's data. */
function streamOf(operation: Operation, names: SchemaNames): Content {
  const { event, contract, streamType } = operation;
  if (!event) return {};
  const last = contract?.lastData ? ` The stream ends with \`data: ${contract.lastData}\`.` : "";
  const description = `${streamType ? "Each line" : "The data of each event"}. An error is always the last.${last}`;
  const anyOf = [names.add(...event), errorOf(operation, names)];
  return { [streamType ?? "text/event-stream"]: { schema: { description, anyOf } } };
}
