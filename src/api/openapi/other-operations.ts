// The operations that are not wire formats: models, stored responses, streams, the caller's requests, the server itself.

import { z } from "zod";
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
import { OPENAI } from "../openai/answer.ts";
import { deletedResponse, inputItemList, response, responseEvent } from "../responses/answer.ts";
import { inputItemsQuery, retrieveQuery } from "../responses/queries.ts";
import { openaiResponses } from "../responses/responses.ts";
import type { Tag } from "../shared/contract.ts";
import { streamQuery } from "../shared/queries.ts";
import {
  health,
  index,
  model,
  modelList,
  readiness,
  requestList,
  SERVER,
  stoppedRequest,
  usageList,
} from "../sluice/server-answers.ts";
import { DIALECTS } from "../wire-formats.ts";
import type { NamedSchema, Operation, Parameter } from "./operation.ts";

export const MODEL = "Id of a served model. It may contain slashes.";
const STORED = "Id of a stored response.";
const STREAM = "Id of a stream that was started with `x-resumable`.";

const WHOLE: NamedSchema = ["Response", response];
const anyEvent = z.union(
  DIALECTS.flatMap(({ contract: { event }, lines }) => (event && !lines ? [event] : [])),
);

const FAIL_ON_NO_SLOT: Parameter = {
  name: "fail_on_no_slot",
  in: "query",
  required: false,
  description: "Any value except 0: answer 503 if no slot is free.",
  schema: { type: "string" },
};

const LAST_EVENT_ID: Parameter = {
  name: "last-event-id",
  in: "header",
  required: false,
  description: "Id of the last event that the client received. Takes precedence over the query.",
  schema: { type: "string", pattern: "^\\d{1,15}$" },
};

const FOR_ANY_KEY: readonly Operation[] = [
  get("/v1/models", OPENAI, "Lists the served models", ["ModelList", modelList]),
  {
    ...get("/v1/models/{id}", OPENAI, "Describes one model", ["Model", model]),
    id: MODEL,
    codes: ["model_not_found", "bad_request"],
  },
  {
    ...get("/v1beta/models", GEMINI, "Lists the served models", [
      "GeminiModelList",
      geminiModelList,
    ]),
    query: geminiModelsQuery,
  },
  {
    ...get("/v1beta/models/{model}", GEMINI, "Describes one model", ["GeminiModel", geminiModel]),
    query: geminiModelQuery,
    codes: ["model_not_found", "bad_request"],
  },
  get("/api/tags", OLLAMA, "Lists the served models", ["OllamaModels", ollamaModels]),
  get("/api/ps", OLLAMA, "Lists the loaded models", ["OllamaRunning", ollamaRunning]),
  get("/api/version", OLLAMA, "Returns the version of Ollama's API", [
    "OllamaVersion",
    ollamaVersion,
  ]),
  get("/v1/usage", SERVER, "Returns the usage of the caller's key", ["Usage", usageList]),
  get("/v1/requests", SERVER, "Lists the caller's requests", ["RequestList", requestList]),
  {
    ...get("/v1/requests/{id}", SERVER, "Stops a request", ["RequestStop", stoppedRequest]),
    method: "delete",
    id: "The `x-request-id` of the request.",
    codes: ["not_found"],
  },
  get("/", SERVER, "Lists all paths", ["Index", index]),
];

const BY_SCOPE: readonly Operation[] = [
  {
    ...get(
      `${openaiResponses.path}/{id}`,
      OPENAI,
      "Returns a stored response, or streams its events",
      WHOLE,
    ),
    id: STORED,
    query: retrieveQuery,
    event: ["ResponseEvent", responseEvent],
    codes: ["not_found", "events_dropped"],
  },
  {
    ...get(
      `${openaiResponses.path}/{id}`,
      OPENAI,
      "Deletes a stored response, and stops it if it is running",
      ["Deletion", deletedResponse],
    ),
    method: "delete",
    id: STORED,
    codes: ["not_found"],
  },
  {
    ...get(`${openaiResponses.path}/{id}/cancel`, OPENAI, "Stops a running response", WHOLE),
    method: "post",
    id: STORED,
    codes: ["invalid_value", "not_found"],
  },
  {
    ...get(
      `${openaiResponses.path}/{id}/input_items`,
      OPENAI,
      "Lists the input items of a response",
      ["InputItemList", inputItemList],
    ),
    id: STORED,
    query: inputItemsQuery,
    codes: ["not_found"],
  },
  {
    ...get("/v1/streams/{id}", SERVER, "Resumes a stream after its connection was lost"),
    id: STREAM,
    query: streamQuery,
    parameters: [LAST_EVENT_ID],
    event: ["StreamEvent", anyEvent],
    answers: [
      { status: 200, description: "The remaining events, as they were first sent" },
      { status: 204, description: "There are no more events" },
    ],
    codes: ["not_found", "events_dropped"],
  },
  {
    ...get("/v1/streams/{id}", SERVER, "Stops a stream whose connection was lost"),
    method: "delete",
    id: STREAM,
    query: streamQuery.pick({ token: true }),
    answers: [{ status: 204, description: "Stopped" }],
    codes: ["not_found"],
  },
  {
    ...get("/slots", LLAMA_CPP, "Shows what each slot is doing", ["SlotList", slotList]),
    parameters: [FAIL_ON_NO_SLOT],
    codes: ["engine_unavailable", "no_free_slot"],
  },
  {
    ...get("/props", LLAMA_CPP, "Describes the model and its defaults", ["Props", props]),
    codes: ["engine_unavailable"],
  },
  get("/metrics", SERVER, "Metrics for Prometheus", "text/plain"),
];

const PUBLIC: readonly Operation[] = [
  get("/health", SERVER, "Answers if the process runs", ["Health", health]),
  {
    ...get("/ready", SERVER, "Returns whether the server can serve requests"),
    answers: [
      { status: 200, description: "Ready", schema: ["Readiness", readiness] },
      { status: 503, description: "Not ready: see `reason`", schema: ["Readiness", readiness] },
    ],
  },
  get("/openapi.json", SERVER, "This document", ["OpenApiDocument", z.looseObject({})]),
  get("/docs", SERVER, "This document as a page", "text/html"),
];

export const OTHER_OPERATIONS: readonly Operation[] = [
  ...FOR_ANY_KEY.map((operation) => ({ ...operation, isForAnyKey: true })),
  ...BY_SCOPE,
  ...PUBLIC.map((operation) => ({ ...operation, isPublic: true })),
];

/** @param answer its schema, or its type if it is not JSON */
function get(path: string, tag: Tag, summary: string, answer?: NamedSchema | string): Operation {
  const content = typeof answer === "string" ? { type: answer } : answer && { schema: answer };
  const answers = [{ status: 200, description: "The answer", ...content }];
  return { method: "get", path, tag, summary, answers, codes: [] };
}
