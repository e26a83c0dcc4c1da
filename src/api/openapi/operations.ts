// All operations of the server: those of the wire formats, made from their contracts, and those about the server.

import { z } from "zod";
import { props, slotList } from "../llama-cpp/answers.ts";
import { ollamaError } from "../ollama/answer.ts";
import { openaiError } from "../openai/answer.ts";
import type { Contract } from "../shared/contract.ts";
import { health, index, model, modelList, readiness, usageList } from "../sluice/server-answers.ts";
import { DIALECTS, EMBEDDING_APIS, ENDPOINTS } from "../wire-formats.ts";
import { codesOfPost } from "./errors.ts";
import { geminiOperations } from "./gemini.ts";
import { ollamaOperations } from "./ollama.ts";
import { get, type Operation, pathId, pathModel, queryOf } from "./operation.ts";
import { resourceOperations } from "./resources.ts";

const OPEN = { isPublic: true } as const;
const ANY_KEY = { isForAnyKey: true } as const;

export function operations(): readonly Operation[] {
  return [
    ...DIALECTS.map(({ path, contract, lines }) => {
      const operation = metered(operationOf(path, contract));
      return lines ? { ...operation, streamType: "application/x-ndjson" as const } : operation;
    }),
    ...ENDPOINTS.map(({ path, contract }) => operationOf(path, contract)),
    ...EMBEDDING_APIS.flatMap(({ paths, contract }) =>
      paths.map((path) => metered(operationOf(path, contract))),
    ),
    ...resourceOperations(),
    ...geminiOperations(),
    ...ollamaOperations(),
    ...serverOperations(),
  ];
}

function metered(operation: Operation): Operation {
  return { ...operation, isMetered: true };
}

function operationOf(path: string, contract: Contract): Operation {
  const { name, tag, summary, answer, isOnlyStreamed = false, query } = contract;
  const parameters = [
    ...(path.includes("{model}") ? [pathModel()] : []),
    ...(query ? queryOf(query) : []),
  ];
  return {
    method: "post",
    path,
    tag,
    summary,
    contract,
    ...(parameters.length > 0 ? { parameters } : {}),
    answers: [
      {
        status: 200,
        description: describeAnswer(contract),
        ...(isOnlyStreamed ? {} : { schema: [name, answer] }),
      },
    ],
    ...(contract.event ? { event: [`${name}Event`, contract.event] } : {}),
    codes: codesOfPost(contract.codes),
  };
}

function describeAnswer({ event, isOnlyStreamed = false }: Contract): string {
  if (isOnlyStreamed) return "The answer as events";
  return event ? "The answer, whole or, with `stream: true`, as events" : "The answer";
}

function serverOperations(): readonly Operation[] {
  return [
    {
      ...get("/v1/models", "OpenAI", "Lists the served models", ["ModelList", modelList]),
      ...ANY_KEY,
    },
    {
      ...get("/v1/models/{id}", "OpenAI", "Describes one model", ["Model", model]),
      parameters: [pathId("Id of a served model. It may contain slashes.")],
      codes: ["model_not_found", "bad_request"],
      ...ANY_KEY,
    },
    {
      ...get("/v1/usage", "Server", "Returns the usage of the caller's key", ["Usage", usageList]),
      ...ANY_KEY,
    },
    {
      ...get("/slots", "llama.cpp", "Shows what each slot is doing", ["SlotList", slotList]),
      parameters: [
        {
          name: "fail_on_no_slot",
          in: "query",
          required: false,
          description: "Any value except 0: answer 503 if no slot is free.",
          schema: { type: "string" },
        },
      ],
      codes: ["engine_unavailable", "no_free_slot"],
    },
    {
      ...get("/props", "llama.cpp", "Describes the model and its defaults", ["Props", props]),
      codes: ["engine_unavailable"],
    },
    { ...get("/", "Server", "Lists all paths", ["Index", index]), ...ANY_KEY },
    { ...get("/health", "Server", "Answers if the process runs", ["Health", health]), ...OPEN },
    {
      ...get("/ready", "Server", "Returns whether the server can serve requests"),
      ...OPEN,
      answers: [
        { status: 200, description: "Ready", schema: ["Readiness", readiness] },
        { status: 503, description: "Not ready: see `reason`", schema: ["Readiness", readiness] },
      ],
    },
    { ...get("/metrics", "Server", "Metrics for Prometheus"), answers: [text("text/plain")] },
    {
      ...get("/openapi.json", "Server", "This document", ["OpenApiDocument", z.looseObject({})]),
      ...OPEN,
    },
    { ...get("/docs", "Server", "This document as a page"), ...OPEN, answers: [text("text/html")] },
    {
      ...get("/docs/style.css", "Server", "The style sheet of that page"),
      ...OPEN,
      answers: [text("text/css")],
    },
  ];
}

function text(type: string) {
  return { status: 200, description: "The answer", type };
}

/** Name and schema of an operation's errors. */
export function envelopeOf(operation: Operation): readonly [name: string, schema: z.ZodType] {
  const { contract, tag } = operation;
  const own = operation.error ?? (tag === "Ollama" ? ollamaError : openaiError);
  const schema = contract?.error ?? own;
  return [schema === openaiError ? "Error" : `${tag}Error`, schema];
}
