// Builds the OpenAPI 3.1 document from the schemas that validate requests, and that tests check the answers against.
// https://spec.openapis.org/oas/v3.1.1

import type { ErrorCode } from "../../errors.ts";
import type { Contract } from "../shared/contract.ts";
import { errorAnswers, headersNamed } from "./errors.ts";
import type { Operation, Parameter } from "./operation.ts";
import { envelopeOf, operations } from "./operations.ts";
import { type JsonSchema, SchemaNames } from "./schemas.ts";

export type OpenapiDocument = {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> } & Readonly<
    Record<string, object>
  >;
} & Readonly<Record<string, unknown>>;

export type DocumentedOperation = {
  readonly tags: readonly string[];
  readonly summary: string;
  readonly operationId: string;
  readonly parameters: readonly DocumentedParameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, DocumentedAnswer>>;
  readonly security?: readonly object[];
};

type DocumentedParameter = Parameter | { readonly $ref: string };
export type DocumentedAnswer = { readonly description: string; readonly content?: Content };
type Content = Readonly<
  Record<
    string,
    { readonly schema: JsonSchema; readonly example?: unknown; readonly description?: string }
  >
>;

const INFO = `A streaming server for GGUF models with a request queue. Bodies are JSON. Every answer has an \`x-request-id\`: your own, if you send one.
The server answers 404 (\`not_found\`) to unknown paths, 405 (\`method_not_allowed\`) to other methods, 431 (\`headers_too_large\`) to headers over 16 KiB, 408 (\`receive_timeout\`) to requests that arrive too slowly, and 403 (\`host_not_allowed\`, \`origin_not_allowed\`) to host names and web origins that are not allowed.
Unknown fields are listed in the header \`x-ignored-params\`; with \`--strict\` they are refused.`;

const TAGS = [
  {
    name: "OpenAI",
    description: "For OpenAI's SDKs and tools built on them. The base URL ends in `/v1`.",
  },
  {
    name: "Ollama",
    description: "For Ollama's clients and tools built on them. The host is this server.",
  },
  { name: "Anthropic", description: "For Anthropic's SDKs. The base URL has no `/v1`." },
  { name: "Gemini", description: "For Google's SDKs. The base URL has no `/v1beta`." },
  { name: "llama.cpp", description: "Routes of llama.cpp's server." },
  { name: "Server", description: "About the server itself." },
];

function text(description: string) {
  return { description, schema: { type: "string" } };
}

const HEADERS = {
  "x-request-id": text("Id of the request: your own, if you sent a valid one."),
  "request-id": text("Same as `x-request-id`, for Anthropic's SDKs."),
  "x-ignored-params": text("Fields of the body that are unknown and had no effect."),
  location: text("For a resumable stream: the path at which to resume it."),
  "server-timing": text("How long each phase took."),
  "x-ratelimit-limit-tokens": {
    description: "Tokens that the key may use per minute. Absent for keys without such a limit.",
    schema: { type: "integer" },
  },
  "x-ratelimit-remaining-tokens": {
    description: "Tokens that the key had left when the request arrived.",
    schema: { type: "integer" },
  },
  "x-ratelimit-reset-tokens": text(
    "Time until the key has all its tokens again, e.g. `1m12.5s` or `20ms`.",
  ),
  "retry-after": { description: "Seconds to wait before a retry.", schema: { type: "integer" } },
  "www-authenticate": text("`Bearer`."),
};

const ALLOWANCE = Object.keys(HEADERS).filter((name) => name.startsWith("x-ratelimit-"));

const SECURITY = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description: "A key from `--api-key` or `--keys-file`.",
  },
  apiKey: {
    type: "apiKey",
    in: "header",
    name: "x-api-key",
    description: "The same key, as Anthropic's SDKs send it.",
  },
  googleApiKey: {
    type: "apiKey",
    in: "header",
    name: "x-goog-api-key",
    description: "The same key, as Google's SDKs send it. `/v1beta` also accepts the query `key`.",
  },
};

/** @param version of the server */
export function openapiDocument(version: string): OpenapiDocument {
  const names = new SchemaNames();
  const paths: Record<string, Record<string, DocumentedOperation>> = {};
  for (const operation of operations())
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method]: documented(operation, names),
    };
  return {
    openapi: "3.1.0",
    info: { title: "Sluice", version, description: INFO },
    servers: [{ url: "/" }],
    tags: TAGS,
    // The empty one is for servers without API keys.
    security: [{ bearer: [] }, { apiKey: [] }, { googleApiKey: [] }, {}],
    paths,
    components: {
      schemas: names.toJson(),
      headers: HEADERS,
      parameters: { requestId: REQUEST_ID, resumable: RESUMABLE, deadline: DEADLINE },
      securitySchemes: SECURITY,
    },
  };
}

const REQUEST_ID = {
  name: "x-request-id",
  in: "header",
  description: "An id of your own for this request: up to 128 letters, digits, `_`, `.`, `:`, `-`.",
  schema: { type: "string", pattern: "^[\\w.:-]{1,128}$" },
};

const DEADLINE = {
  name: "x-deadline-ms",
  in: "header",
  description: "Time limit for the answer in ms, from the arrival of the request.",
  schema: { type: "integer", minimum: 1, maximum: 2_000_000_000 },
};

const RESUMABLE = {
  name: "x-resumable",
  in: "header",
  description:
    "Whether the stream can be resumed after a lost connection, at the path in the header `location`.",
  schema: { type: "string", enum: ["true", "false"] },
};

function documented(operation: Operation, names: SchemaNames): DocumentedOperation {
  const { method, path, tag, summary, contract, isPublic = false, parameters = [] } = operation;
  const [name, envelope] = envelopeOf(operation);
  const codes = codesOf(operation);
  const hasCode = tag !== "Gemini"; // Google's code is a number
  const errors = codes.length > 0 ? errorAnswers(codes, names.add(name, envelope), hasCode) : {};
  return {
    tags: [tag],
    summary,
    operationId: operationId(method, path),
    parameters: [
      ...parameters,
      ...(isResumable(operation) ? [{ $ref: "#/components/parameters/resumable" }] : []),
      ...(contract ? [{ $ref: "#/components/parameters/deadline" }] : []),
      { $ref: "#/components/parameters/requestId" },
    ],
    ...(contract ? { requestBody: requestBody(contract, names) } : {}),
    responses: { ...errors, ...answersOf(operation, names) },
    ...(isPublic ? { security: [] } : {}),
  };
}

function codesOf({ codes, isPublic, isForAnyKey }: Operation): readonly ErrorCode[] {
  if (isPublic) return codes;
  const scopeCodes: readonly ErrorCode[] = isForAnyKey ? [] : ["permission_denied"];
  return [...codes, "invalid_api_key", ...scopeCodes, "internal_error"];
}

/** Streams of JSON lines cannot be resumed, because lines have no ids. */
function isResumable({ contract, streamType }: Operation): boolean {
  return contract?.event !== undefined && streamType === undefined;
}

/** `post`, `/v1/chat/completions` → `postV1ChatCompletions`. */
function operationId(method: string, path: string): string {
  const words = path.split(/\W+|_/).filter((word) => word !== "");
  return method + words.map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`).join("");
}

function requestBody({ name, body, example }: Contract, names: SchemaNames) {
  const schema = names.addBody(`${name}Request`, body);
  return { required: true, content: { "application/json": { schema, example } } };
}

function answersOf(operation: Operation, names: SchemaNames): Record<string, DocumentedAnswer> {
  const { contract } = operation;
  const headers = headersNamed([
    "x-request-id",
    "request-id",
    ...(contract ? ["x-ignored-params"] : []),
    ...(operation.isMetered ? ALLOWANCE : []),
    ...(contract?.event ? ["server-timing"] : []),
    ...(isResumable(operation) ? ["location"] : []),
  ]);
  return Object.fromEntries(
    operation.answers.map(({ status, description, type, schema }) => {
      const whole: Content = schema
        ? { "application/json": { schema: names.add(...schema) } }
        : type
          ? { [type]: { schema: { type: "string" } } }
          : {};
      const content = status === 204 ? {} : { ...whole, ...streamOf(operation, names) };
      return [
        status,
        { description, headers, ...(Object.keys(content).length > 0 ? { content } : {}) },
      ];
    }),
  );
}

/** OpenAPI 3.1 cannot describe a stream of events, so the schema is that of one event's data. */
function streamOf(operation: Operation, names: SchemaNames): Content {
  const { event, contract } = operation;
  if (!event) return {};
  const schema = {
    description: `${operation.streamType ? "Each line" : "The data of each event"}. An error is always the last.${
      contract?.lastData ? ` The stream ends with \`data: ${contract.lastData}\`.` : ""
    }`,
    anyOf: [names.add(...event), names.add(...envelopeOf(operation))],
  };
  return { [operation.streamType ?? "text/event-stream"]: { schema } };
}
