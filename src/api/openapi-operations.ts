// Every operation of the server: those of the wire formats, which describe themselves, and those about the server.

import { z } from "zod";
import type { ErrorCode } from "../errors.ts";
import type { Contract, Tag } from "./contract.ts";
import { descriptionOf } from "./descriptions.ts";
import { props, slotList } from "./native-answers.ts";
import { openaiError } from "./openai-answer.ts";
import { openaiResponses } from "./openai-responses.ts";
import { codesOfPost } from "./openapi-errors.ts";
import { deletedResponse, inputItemList, response, responseEvent } from "./responses-answer.ts";
import { inputItemsQuery, retrieveQuery } from "./responses-queries.ts";
import { health, index, model, modelList, readiness } from "./server-answers.ts";
import { ASKING_ROUTES, DIALECTS, EMBEDDING_APIS } from "./wire-formats.ts";

/** One body that may come, of a type other than JSON too. */
type Answer = {
  readonly status: number;
  readonly description: string;
  readonly type?: string;
  /** Name of the schema, and the schema; none for what is no JSON. */
  readonly schema?: readonly [name: string, schema: z.ZodType];
};

export type Parameter = {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required: boolean;
  readonly description: string;
  readonly schema: object;
  readonly example?: string;
};

export type Operation = {
  readonly method: "get" | "post" | "delete";
  readonly path: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  /** Of a wire format: body, stream and envelope come from it. */
  readonly contract?: Contract;
  readonly answers: readonly Answer[];
  /** Of a stream: the data of one event. */
  readonly event?: readonly [name: string, schema: z.ZodType];
  readonly codes: readonly ErrorCode[];
  /** Whether it is answered without a key. */
  readonly isPublic?: boolean;
};

const OPEN = { isPublic: true } as const;

export function operations(): readonly Operation[] {
  return [
    ...[...DIALECTS, ...ASKING_ROUTES].map(({ path, contract }) => operationOf(path, contract)),
    ...EMBEDDING_APIS.flatMap(({ paths, contract }) =>
      paths.map((path) => operationOf(path, contract)),
    ),
    ...keptOperations(),
    ...serverOperations(),
  ];
}

function operationOf(path: string, contract: Contract): Operation {
  const { name, tag, summary, answer } = contract;
  const description = contract.event
    ? "The answer: whole, or with `stream: true` as events"
    : "The answer";
  return {
    method: "post",
    ...{ path, tag, summary, contract },
    answers: [{ status: 200, description, schema: [name, answer] }],
    ...(contract.event ? { event: [`${name}Event`, contract.event] } : {}),
    codes: codesOfPost(contract.codes),
  };
}

/** Below a response that is kept. */
function keptOperations(): readonly Operation[] {
  const path = `${openaiResponses.path}/{id}`;
  const whole: Answer["schema"] = ["Response", response];
  const one = { name: "id", in: "path", required: true, schema: { type: "string" } } as const;
  const id: Parameter = { ...one, description: "Of a response that is kept." };
  return [
    {
      ...get(path, "OpenAI", "Reads a response that is kept, as it stands, or its events", whole),
      event: ["ResponseEvent", responseEvent],
      parameters: [id, ...queryOf(retrieveQuery)],
      codes: ["invalid_value", "unknown_parameter", "not_found", "events_dropped"],
    },
    {
      ...get(path, "OpenAI", "Forgets a response, and stops it if it runs"),
      ...{ method: "delete", parameters: [id], codes: ["not_found"] },
      answers: [{ status: 200, description: "It is gone", schema: ["Deletion", deletedResponse] }],
    },
    {
      ...get(`${path}/cancel`, "OpenAI", "Stops a response that runs", whole),
      ...{ method: "post", parameters: [id], codes: ["invalid_value", "not_found"] },
    },
    {
      ...get(`${path}/input_items`, "OpenAI", "Lists what was said before a response"),
      parameters: [id, ...queryOf(inputItemsQuery)],
      answers: [{ status: 200, description: "A page", schema: ["InputItemList", inputItemList] }],
      codes: ["invalid_value", "unknown_parameter", "not_found"],
    },
  ];
}

/** The fields of a query. A name with brackets is another spelling of the one without. */
function queryOf(schema: z.ZodType): readonly Parameter[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return Object.entries(properties)
    .filter(([name]) => !name.endsWith("[]"))
    .map(([name, property]) => ({
      ...{ name, in: "query" as const, required: false, schema: Object(property) as object },
      description: descriptionOf("query", name) ?? "",
    }));
}

function serverOperations(): readonly Operation[] {
  return [
    get("/v1/models", "OpenAI", "Lists what is served", ["ModelList", modelList]),
    {
      ...get("/v1/models/{id}", "OpenAI", "Describes one model", ["Model", model]),
      parameters: [
        {
          ...{ name: "id", in: "path", required: true, schema: { type: "string" } },
          description: "A served id; it may have slashes.",
        },
      ],
      codes: ["model_not_found", "bad_request"],
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
    get("/", "Server", "Lists all paths", ["Index", index]),
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

function get(path: string, tag: Tag, summary: string, schema?: Answer["schema"]): Operation {
  const answers = schema ? [{ status: 200, description: "The answer", schema }] : [];
  return { method: "get", path, tag, summary, answers, codes: [] };
}

function text(type: string): Answer {
  return { status: 200, description: "The answer", type };
}

/** The envelope of an operation's errors. */
export function envelopeOf({ contract }: Operation): readonly [name: string, schema: z.ZodType] {
  const schema = contract?.error ?? openaiError;
  return [schema === openaiError ? "Error" : `${contract?.tag ?? ""}Error`, schema];
}
