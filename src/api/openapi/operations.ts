// Every operation of the server: those of the wire formats, which describe themselves, and those about the server.

import { z } from "zod";
import { props, slotList } from "../llama-cpp/answers.ts";
import { ollamaError } from "../ollama/answer.ts";
import { openaiError } from "../openai/answer.ts";
import { health, index, model, modelList, readiness, usageList } from "../own/server-answers.ts";
import type { Contract } from "../shared/contract.ts";
import { DIALECTS, EMBEDDING_APIS, ENDPOINTS } from "../wire-formats.ts";
import { codesOfPost } from "./errors.ts";
import { geminiOperations } from "./gemini.ts";
import { keptOperations } from "./kept.ts";
import { ollamaOperations } from "./ollama.ts";
import { type Answer, get, type Operation, pathId, pathModel, queryOf } from "./operation.ts";

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
    ...keptOperations(),
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
    ...{ path, tag, summary, contract },
    ...(parameters.length > 0 ? { parameters } : {}),
    answers: [
      {
        ...{ status: 200, description: describeAnswer(contract) },
        ...(isOnlyStreamed ? {} : { schema: [name, answer] }),
      },
    ],
    ...(contract.event ? { event: [`${name}Event`, contract.event] } : {}),
    codes: codesOfPost(contract.codes),
  };
}

function describeAnswer({ event, isOnlyStreamed = false }: Contract): string {
  if (isOnlyStreamed) return "The answer as events";
  return event ? "The answer: whole, or with `stream: true` as events" : "The answer";
}

function serverOperations(): readonly Operation[] {
  return [
    {
      ...get("/v1/models", "OpenAI", "Lists what is served", ["ModelList", modelList]),
      ...ANY_KEY,
    },
    {
      ...get("/v1/models/{id}", "OpenAI", "Describes one model", ["Model", model]),
      parameters: [pathId("A served id; it may have slashes.")],
      codes: ["model_not_found", "bad_request"],
      ...ANY_KEY,
    },
    {
      ...get("/v1/usage", "Server", "Says what the caller's key has used", ["Usage", usageList]),
      ...ANY_KEY,
    },
    {
      ...get("/slots", "llama.cpp", "Shows what each slot is busy with", ["SlotList", slotList]),
      parameters: [
        {
          ...{ name: "fail_on_no_slot", in: "query", required: false, schema: { type: "string" } },
          description: "Anything but 0: answers 503 when no slot is free.",
        },
      ],
      codes: ["engine_unavailable", "no_free_slot"],
    },
    {
      ...get("/props", "llama.cpp", "Describes the model and its defaults", ["Props", props]),
      codes: ["engine_unavailable"],
    },
    { ...get("/", "Server", "Lists all paths", ["Index", index]), ...ANY_KEY },
    { ...get("/health", "Server", "Says that the process lives", ["Health", health]), ...OPEN },
    {
      ...get("/ready", "Server", "Says whether requests are served at once"),
      ...OPEN,
      answers: [
        { status: 200, description: "Ready", schema: ["Readiness", readiness] },
        { status: 503, description: "Not now: see `reason`", schema: ["Readiness", readiness] },
      ],
    },
    {
      ...get("/metrics", "Server", "Measures, as Prometheus has them"),
      answers: [text("text/plain")],
    },
    {
      ...get("/openapi.json", "Server", "This document", ["OpenApiDocument", z.looseObject({})]),
      ...OPEN,
    },
    { ...get("/docs", "Server", "This document as a page"), ...OPEN, answers: [text("text/html")] },
    {
      ...get("/docs/style.css", "Server", "The style of that page"),
      ...OPEN,
      answers: [text("text/css")],
    },
  ];
}

function text(type: string): Answer {
  return { status: 200, description: "The answer", type };
}

/** The envelope of an operation's errors. */
export function envelopeOf(operation: Operation): readonly [name: string, schema: z.ZodType] {
  const { contract, tag } = operation;
  const own = operation.error ?? (tag === "Ollama" ? ollamaError : openaiError);
  const schema = contract?.error ?? own;
  return [schema === openaiError ? "Error" : `${tag}Error`, schema];
}
