// All operations of the server: those of the wire formats, made from their contracts, and all others: models, stored responses,
// streams, the caller's requests, the server itself.

import { z } from "zod";
import type { ErrorCode } from "../../errors.ts";
import { anthropicModel, anthropicModelList, anthropicModelsQuery } from "../anthropic/models.ts";
import type { Dialect } from "../dialect.ts";
import { GEMINI } from "../gemini/answer.ts";
import {
  geminiModel,
  geminiModelList,
  geminiModelQuery,
  geminiModelsQuery,
} from "../gemini/models.ts";
import { LLAMA_CPP, props, slotList } from "../llama-cpp/answers.ts";
import { OLLAMA } from "../ollama/answer.ts";
import { ollamaModels, ollamaRunning, ollamaVersion } from "../ollama/model-answers.ts";
import { ollamaCopy, ollamaDelete, ollamaPull, ollamaShow } from "../ollama/model-requests.ts";
import { OPENAI } from "../openai/answer.ts";
import { deletedResponse, inputItemList, response, responseEvent } from "../responses/answer.ts";
import { inputItemsQuery, retrieveQuery } from "../responses/queries.ts";
import { openaiResponses } from "../responses/responses.ts";
import type { Contract, Tag } from "../shared/contract.ts";
import { streamQuery } from "../shared/queries.ts";
import { loadReport, loadReportQuery } from "../sluice/load-report.ts";
import { modelLoad, modelPull, modelUnload, pullQuery } from "../sluice/model-requests.ts";
import { deletedModel, model, modelList } from "../sluice/models.ts";
import { pull, pullList } from "../sluice/pulls.ts";
import { requestList, stoppedRequest } from "../sluice/requests.ts";
import { health, index, readiness, SERVER } from "../sluice/server-answers.ts";
import { usageList, usageQuery } from "../sluice/usage.ts";
import { DIALECTS, EMBEDDING_APIS, ENDPOINTS } from "../wire-formats.ts";
import { codesOfPost, READING_CODES } from "./errors.ts";
import type { NamedSchema, Operation, OperationAnswer, Parameter } from "./operation.ts";

export const MODEL = "Id of a served model. It may contain slashes.";

/** Clients that send `anthropic-version` get Anthropic's forms. */
const modelLists = z.union([modelList, anthropicModelList]);
const models = z.union([model, anthropicModel]);

const NO_MODEL: readonly ErrorCode[] = ["model_not_found", "bad_request"];
const BAD_QUERY: readonly ErrorCode[] = ["invalid_value", "unknown_parameter"];

const slotsQuery = z.object({
  fail_on_no_slot: z
    .string()
    .optional()
    .describe("Any value except 0: answer 503 if no slot is free."),
});

const FOR_ANY_KEY: readonly Operation[] = [
  get("/v1/models", OPENAI, "Lists the served models", ["ModelList", modelLists], {
    query: anthropicModelsQuery,
    codes: BAD_QUERY,
  }),
  get("/v1/models/{id}", OPENAI, "Describes one model", ["Model", models], {
    id: MODEL,
    codes: NO_MODEL,
  }),
  get("/v1beta/models", GEMINI, "Lists the served models", ["GeminiModelList", geminiModelList], {
    query: geminiModelsQuery,
    codes: BAD_QUERY,
  }),
  get("/v1beta/models/{model}", GEMINI, "Describes one model", ["GeminiModel", geminiModel], {
    query: geminiModelQuery,
    codes: [...BAD_QUERY, ...NO_MODEL],
  }),
  get("/api/tags", OLLAMA, "Lists the served models", ["OllamaModels", ollamaModels]),
  get("/api/ps", OLLAMA, "Lists the loaded models", ["OllamaRunning", ollamaRunning]),
  get("/api/version", OLLAMA, "Returns the API's version", ["OllamaVersion", ollamaVersion]),
  get("/v1/usage", SERVER, "Returns the usage of the caller's key", ["Usage", usageList], {
    query: usageQuery,
    codes: BAD_QUERY,
  }),
  get("/v1/requests", SERVER, "Lists the caller's requests", ["RequestList", requestList]),
  get("/v1/requests/{id}", SERVER, "Stops a request", ["RequestStop", stoppedRequest], {
    method: "delete",
    id: "The `x-request-id` of the request.",
    codes: ["not_found"],
  }),
  get("/", SERVER, "Lists all paths", ["Index", index]),
];

const RESPONSE = `${openaiResponses.path}/{id}`;
const RESPONSE_ID = "Id of a stored response.";
const WHOLE: NamedSchema = ["Response", response];

const STREAM = "/v1/streams/{id}";
const STREAM_ID = "Id of a stream that was started with `x-resumable`.";
/** In a cluster: the nodes are asked for a stream that this gateway does not know. */
const TAKE_UP_CODES: readonly ErrorCode[] = ["engine_unavailable", "draining", "queue_full"];
const anyEvent = z.union(
  DIALECTS.flatMap(({ contract: { event }, lines }) => (event && !lines ? [event] : [])),
);

const LAST_EVENT_ID: Parameter = {
  name: "last-event-id",
  in: "header",
  required: false,
  description: "Id of the last event that the client received. Takes precedence over the query.",
  schema: { type: "string", pattern: "^\\d{1,15}$" },
};

const BY_SCOPE: readonly Operation[] = [
  get(RESPONSE, OPENAI, "Returns a stored response, or streams its events", WHOLE, {
    id: RESPONSE_ID,
    query: retrieveQuery,
    event: ["ResponseEvent", responseEvent],
    codes: [...BAD_QUERY, "not_found", "events_dropped"],
  }),
  get(RESPONSE, OPENAI, "Deletes a stored response, and stops it", ["Deletion", deletedResponse], {
    method: "delete",
    id: RESPONSE_ID,
    codes: ["not_found"],
  }),
  get(`${RESPONSE}/cancel`, OPENAI, "Stops a running response", WHOLE, {
    method: "post",
    id: RESPONSE_ID,
    codes: ["invalid_value", "not_found"],
  }),
  get(
    `${RESPONSE}/input_items`,
    OPENAI,
    "Lists a response's input",
    ["InputItemList", inputItemList],
    {
      id: RESPONSE_ID,
      query: inputItemsQuery,
      codes: [...BAD_QUERY, "not_found"],
    },
  ),
  get(STREAM, SERVER, "Resumes a stream after its connection was lost", null, {
    id: STREAM_ID,
    query: streamQuery,
    parameters: [LAST_EVENT_ID],
    event: ["StreamEvent", anyEvent],
    answers: [
      { status: 200, description: "The remaining events, as they were first sent" },
      { status: 204, description: "There are no more events" },
    ],
    codes: [...BAD_QUERY, "not_found", "events_dropped", ...TAKE_UP_CODES],
  }),
  get(STREAM, SERVER, "Stops a stream whose connection was lost", null, {
    method: "delete",
    id: STREAM_ID,
    query: streamQuery.pick({ token: true }),
    answers: [{ status: 204, description: "Stopped" }],
    codes: ["not_found", ...TAKE_UP_CODES],
  }),
  get("/slots", LLAMA_CPP, "Shows what each slot is doing", ["SlotList", slotList], {
    query: slotsQuery,
    codes: ["engine_unavailable", "no_free_slot"],
  }),
  get("/props", LLAMA_CPP, "Describes the model and its defaults", ["Props", props], {
    codes: ["engine_unavailable"],
  }),
  get("/metrics", SERVER, "Metrics for Prometheus", "text/plain"),
  get(
    "/v1/load-report",
    SERVER,
    "Summarizes the requests of the last seconds",
    ["LoadReport", loadReport],
    { query: loadReportQuery, codes: BAD_QUERY },
  ),
];

const PULLS = "/v1/models/pulls";
const PULL_ID = "Id of a pull.";
const TIME_LIMITS: readonly ErrorCode[] = ["request_timeout", "deadline_exceeded"];
const EMPTY: OperationAnswer = { status: 200, description: "Done", isEmpty: true };

const FOR_ADMINS: readonly Operation[] = [
  get(
    "/v1/models/{id}",
    OPENAI,
    "Deletes a model of the models folder, or a name that was added to a model",
    ["ModelDeletion", deletedModel],
    {
      method: "delete",
      id: MODEL,
      codes: [...NO_MODEL, "invalid_value", "folder_not_writable", ...TIME_LIMITS],
    },
  ),
  get(PULLS, SERVER, "Lists the downloads of models", ["PullList", pullList]),
  get(`${PULLS}/{id}`, SERVER, "Returns a download, or streams its progress", ["Pull", pull], {
    id: PULL_ID,
    query: pullQuery,
    event: ["PullEvent", pull],
    codes: [...BAD_QUERY, "not_found"],
  }),
  get(`${PULLS}/{id}`, SERVER, "Cancels a download; another pull resumes it", ["Pull", pull], {
    method: "delete",
    id: PULL_ID,
    codes: ["not_found"],
  }),
  modelOperation(modelLoad),
  modelOperation(modelUnload),
  {
    ...modelOperation(modelPull),
    answers: [
      { status: 202, description: "The download has begun or waits", schema: ["Pull", pull] },
      { status: 200, description: "With `stream: true`: its progress as events" },
    ],
  },
  { ...modelOperation(ollamaDelete), method: "delete", answers: [EMPTY] },
  { ...modelOperation(ollamaCopy), answers: [EMPTY] },
];

const PUBLIC: readonly Operation[] = [
  get("/health", SERVER, "Answers if the process runs", ["Health", health]),
  get("/ready", SERVER, "Returns whether the server can serve requests", null, {
    answers: [
      { status: 200, description: "Ready", schema: ["Readiness", readiness] },
      { status: 503, description: "Not ready: see `reason`", schema: ["Readiness", readiness] },
    ],
  }),
  get("/openapi.json", SERVER, "This document", ["OpenApiDocument", z.looseObject({})]),
  get("/docs", SERVER, "This document as a page", "text/html"),
];

export function operations(): readonly Operation[] {
  return [
    ...DIALECTS.map(({ path, contract, lines }) => ({
      ...operationOf(path, contract),
      isMetered: true,
      ...(lines ? { streamType: "application/x-ndjson" as const } : {}),
    })),
    ...ENDPOINTS.map(({ path, contract }) => operationOf(path, contract)),
    ...EMBEDDING_APIS.flatMap(({ paths, contract }) =>
      paths.map((path) => ({ ...operationOf(path, contract), isMetered: true })),
    ),
    { ...modelOperation(ollamaShow), isForAnyKey: true },
    // Any key may pull a served model, which downloads nothing.
    { ...modelOperation(ollamaPull), streamType: "application/x-ndjson", isForAnyKey: true },
    ...FOR_ANY_KEY.map((operation) => ({ ...operation, isForAnyKey: true })),
    ...BY_SCOPE,
    ...FOR_ADMINS,
    ...PUBLIC.map((operation) => ({ ...operation, isPublic: true })),
  ];
}

/** An operation about one model, which needs no place in the queue. */
function modelOperation({ path, contract }: Pick<Dialect, "path" | "contract">): Operation {
  return { ...operationOf(path, contract), codes: [...READING_CODES, ...contract.codes] };
}

function operationOf(path: string, contract: Contract): Operation {
  const { name, tag, summary, answer, event, query, isOnlyStreamed = false } = contract;
  const description = describeAnswer(contract);
  return {
    method: "post",
    path,
    tag,
    summary,
    contract,
    ...(query ? { query } : {}),
    answers: [{ status: 200, description, ...(isOnlyStreamed ? {} : { schema: [name, answer] }) }],
    ...(event ? { event: [`${name}Event`, event] } : {}),
    codes: codesOfPost(contract.codes),
  };
}

function describeAnswer({ event, isOnlyStreamed = false }: Contract): string {
  if (isOnlyStreamed) return "The answer as events";
  return event ? "The answer, whole or, with `stream: true`, as events" : "The answer";
}

/** @param answer its schema, or its type if it is not JSON. @param more what differs from a plain GET */
function get(
  path: string,
  tag: Tag,
  summary: string,
  answer: NamedSchema | string | null,
  more: Partial<Operation> = {},
): Operation {
  const content = typeof answer === "string" ? { type: answer } : answer && { schema: answer };
  const answers = [{ status: 200, description: "The answer", ...content }];
  return { method: "get", path, tag, summary, answers, codes: [], ...more };
}
