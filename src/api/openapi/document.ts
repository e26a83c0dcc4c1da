// The OpenAPI 3.1 document, made of the schemas that check the requests and that the answers are tested against.
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

const INFO = `A queued, streaming server for GGUF models. Bodies are JSON. Every answer has an \`x-request-id\`: yours, if you send one.
Paths that are not here are a 404 (\`not_found\`), other methods a 405 (\`method_not_allowed\`), headers over 16 KiB a 431 (\`headers_too_large\`), requests that do not come in time a 408 (\`receive_timeout\`), names and pages that are not allowed a 403 (\`host_not_allowed\`, \`origin_not_allowed\`).
Fields that nobody knows are named in the header \`x-ignored-params\`, or refused under \`--strict\`.`;

const TAGS = [
  {
    name: "OpenAI",
    description: "For OpenAI's SDKs, and what is built on them: the base URL ends in `/v1`.",
  },
  {
    name: "Ollama",
    description: "For Ollama's clients, and what is built on them: the host is this server.",
  },
  { name: "Anthropic", description: "For Anthropic's SDKs: the base URL has no `/v1`." },
  { name: "Gemini", description: "For Google's SDKs: the base URL has no `/v1beta`." },
  { name: "llama.cpp", description: "As llama.cpp's server has them." },
  { name: "Server", description: "About the server itself." },
];

function text(description: string) {
  return { description, schema: { type: "string" } };
}

const HEADERS = {
  "x-request-id": text("The request's id: yours, if you sent a harmless one."),
  "request-id": text("The same, under the name that Anthropic's SDKs read."),
  "x-ignored-params": text("Fields of the body that had no effect, because nobody knows them."),
  location: text("Of a resumable stream: where to read on."),
  "server-timing": text("Where the time went."),
  "x-ratelimit-limit-tokens": {
    description: "Tokens that the key may use per minute; only of keys with such a limit.",
    schema: { type: "integer" },
  },
  "x-ratelimit-remaining-tokens": {
    description: "Those that it had left when the request came.",
    schema: { type: "integer" },
  },
  "x-ratelimit-reset-tokens": text("Until it has all of them again: `1m12.5s`, `20ms`."),
  "retry-after": {
    description: "Seconds after which trying again is worthwhile.",
    schema: { type: "integer" },
  },
  "www-authenticate": text("`Bearer`."),
};

const ALLOWANCE = Object.keys(HEADERS).filter((name) => name.startsWith("x-ratelimit-"));

const SECURITY = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description: "One of the keys of `--api-key` or `--keys-file`.",
  },
  apiKey: {
    type: "apiKey",
    in: "header",
    name: "x-api-key",
    description: "The same, as Anthropic's SDKs send it.",
  },
  googleApiKey: {
    type: "apiKey",
    in: "header",
    name: "x-goog-api-key",
    description: "The same, as Google's SDKs send it; below `/v1beta` the query `key` does too.",
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
    // The last one: without keys nobody is asked for a key.
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
  description: "Time for the answer, from the arrival of the request.",
  schema: { type: "integer", minimum: 1, maximum: 2_000_000_000 },
};

const RESUMABLE = {
  name: "x-resumable",
  in: "header",
  description:
    "Whether a stream survives its connection: the header `location` says where to read on.",
  schema: { type: "string", enum: ["true", "false"] },
};

function documented(operation: Operation, names: SchemaNames): DocumentedOperation {
  const { method, path, tag, summary, contract, isPublic = false, parameters = [] } = operation;
  const [name, envelope] = envelopeOf(operation);
  const codes = codesOf(operation);
  const isCodeIn = tag !== "Gemini"; // Google's is a number
  const errors = codes.length > 0 ? errorAnswers(codes, names.add(name, envelope), isCodeIn) : {};
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
  const ofKeys: readonly ErrorCode[] = isForAnyKey ? [] : ["permission_denied"];
  return [...codes, "invalid_api_key", ...ofKeys, "internal_error"];
}

/** Lines of JSON have no place for the ids of events. */
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
    ...["x-request-id", "request-id"],
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

/** OpenAPI 3.1 has no word for the events of a stream: the schema is that of each event's data. */
function streamOf(operation: Operation, names: SchemaNames): Content {
  const { event, contract } = operation;
  if (!event) return {};
  const schema = {
    description: `${operation.streamType ? "Each line" : "The data of each event"}; one that is an error is the last.${
      contract?.lastData ? ` After the last event comes \`data: ${contract.lastData}\`.` : ""
    }`,
    anyOf: [names.add(...event), names.add(...envelopeOf(operation))],
  };
  return { [operation.streamType ?? "text/event-stream"]: { schema } };
}
