// The OpenAPI document against the server: it is valid, has every route, and every path answers as documented.

import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import type { Express } from "express";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { OLLAMA } from "../../../src/api/ollama/answer.ts";
import type { DocumentedOperation, OpenapiDocument } from "../../../src/api/openapi/document.ts";
import type { Operation } from "../../../src/api/openapi/operation.ts";
import { operations } from "../../../src/api/openapi/operations.ts";
import type { Contract } from "../../../src/api/shared/contract.ts";
import { DIALECTS, EMBEDDING_APIS, ENDPOINTS } from "../../../src/api/wire-formats.ts";
import { type ErrorCode, SENT_CODES, statusOf } from "../../../src/errors.ts";
import { type AppDeps, createApp } from "../../../src/http/routes/routes.ts";
import { BodyMemory } from "../../../src/http/server/body-memory.ts";
import { errorDetailsOf } from "../../support/clients/error-text.ts";
import { eventsOf, expectHeldTo, placeOf } from "../../support/clients/expect-schema.ts";
import { post } from "../../support/clients/sse-client.ts";
import { FakeEmbeddingEngine } from "../../support/engines/fake-embedding-engine.ts";
import { FakeEngine } from "../../support/engines/fake-engine.ts";
import {
  BUILTIN_MODEL,
  type RunningService,
  startWithEngines,
  startWithFake,
} from "../../support/start-service.ts";

let running: RunningService;
let locked: RunningService;
let document: OpenapiDocument;
const folder = mkdtempSync(path.join(tmpdir(), "sluice-contract-"));
beforeAll(async () => {
  running = await startWithEngines(
    {
      // A response that runs in the background can still be cancelled.
      engine: () => new FakeEngine({ tokenMs: 5 }),
      embeddingEngine: () => new FakeEmbeddingEngine(),
    },
    { modelsDir: folder },
  );
  locked = await startWithFake({}, { apiKey: ["secret"] });
  document = (await (await fetch(`${running.url}/openapi.json`)).json()) as OpenapiDocument;
});
afterAll(async () => {
  await Promise.all([running.close(), locked.close()]);
  rmSync(folder, { recursive: true });
});

const ALL = operations().map((operation) => [
  `${operation.method.toUpperCase()} ${operation.path}`,
  operation,
]) as readonly [string, Operation][];
const POSTS = ALL.filter(([, { contract }]) => contract);
const STREAMING = POSTS.filter(([, { contract }]) => contract?.event);

const LONG = { messages: [{ role: "user", content: "Hi" }], max_tokens: 50, stream: true };

/** Adds a model that may be deleted. */
function addModel(name: string, { service }: RunningService): string {
  copyFileSync(BUILTIN_MODEL, path.join(folder, `${name}.gguf`));
  service.models.rescan();
  return name;
}

/** Starts the request, stream or response that the path needs, so that it can be cancelled. */
async function idFor({ path, method }: Operation, of: RunningService): Promise<string> {
  const { url, service } = of;
  if (path.startsWith("/v1/models/pulls/")) {
    const started = await post(`${url}/v1/models/pull`, { model: "qwen3:4b" });
    return ((await started.json()) as { readonly id?: string }).id ?? "none";
  }
  if (path.startsWith("/v1/models/"))
    return method === "delete" ? addModel("spare", of) : service.models.resolve(null).id;
  if (path.startsWith("/v1/responses/")) {
    const response = await post(`${url}/v1/responses`, { input: "Hi", background: true });
    return ((await response.json()) as { readonly id?: string }).id ?? "none";
  }
  const { headers } = await post(`${url}/v1/chat/completions`, LONG, { "x-resumable": "true" });
  if (path.startsWith("/v1/requests/")) return headers.get("x-request-id") ?? "none";
  return /[^/]+(?=\?token=)/.exec(headers.get("location") ?? "")?.[0] ?? "none";
}

/** An existing path, with every parameter filled in. */
async function urlOf(operation: Operation, of: RunningService = running): Promise<string> {
  const { path } = operation;
  const place = placeOf(path, of.service.models.resolve(null).id);
  return (
    of.url + (path.includes("{id}") ? place.replace("{id}", await idFor(operation, of)) : place)
  );
}

/** Sends a body with the operation's method. */
async function send({ method }: Operation, url: string, body: unknown): Promise<Response> {
  const headers = { "content-type": "application/json" };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return fetch(url, { method: method.toUpperCase(), headers, body: text });
}

async function ask(operation: Operation, of: RunningService = running): Promise<Response> {
  const url = await urlOf(operation, of);
  const { method, contract, path } = operation;
  if (path === "/api/delete") addModel("mine", of);
  return contract ? send(operation, url, contract.example) : fetch(url, { method });
}

function documentedAs({ path, method }: Operation): DocumentedOperation {
  const found = document.paths[path]?.[method];
  if (!found) throw new Error(`${method} ${path} is not in the document`);
  return found;
}

/** Method and path of every route of the app, in the document's spelling. */
function routesOf(app: Express): readonly string[] {
  const layers = app.router.stack as unknown as readonly {
    readonly route?: {
      readonly path: string | string[];
      readonly methods: Record<string, boolean>;
    };
  }[]; // Express has no types for it
  return layers.flatMap(({ route }) => {
    const methods = Object.keys(route?.methods ?? {});
    if (methods.length > 2) return []; // the refusal of all other methods
    const paths = [route?.path ?? []].flat();
    return paths.flatMap((path) =>
      methods.map((method) => `${method.toUpperCase()} ${asDocumented(path)}`),
    );
  });
}

function asDocumented(route: string): string {
  return route.replace(/(?<!\\)[*:](id|model)/, "{$1}").replaceAll("\\:", ":");
}

describe("the document", () => {
  test("is valid OpenAPI 3.1", async () => {
    const result = await new Validator().validate(structuredClone(document));

    expect(result).toEqual({ valid: true });
    expect(document.openapi).toBe("3.1.0");
  });

  test("has every route of the app, and no other", () => {
    // Requests never reach the dependencies, so they are missing.
    const app = createApp({
      build: "sluice 0",
      queue: {},
      bodyMemory: new BodyMemory(2),
      hostNames: [],
      corsOrigins: [],
      webSockets: { mount: () => {} },
      builtFolder: "",
      pageFolder: null,
    } as unknown as AppDeps);

    expect(ALL.map(([name]) => name).sort()).toEqual([...routesOf(app)].sort());
  });

  test("has every wire format, each with schemas of its own", () => {
    const contracts = [...DIALECTS, ...ENDPOINTS, ...EMBEDDING_APIS].map(
      ({ contract }) => contract,
    );

    expect(new Set(contracts.map(({ name }) => name)).size).toBe(contracts.length);
    for (const [, operation] of POSTS) {
      const { requestBody, responses } = documentedAs(operation);
      const [answer] = operation.answers;
      const whole = answer?.schema ? [responses[`${answer.status}`]?.content] : [];
      const contents = [requestBody?.content, ...whole];
      for (const content of contents) {
        const reference = String(content?.["application/json"]?.schema.$ref);
        expect(document.components.schemas).toHaveProperty(reference.split("/").slice(-1));
      }
    }
  });

  test("has every error code that a client can get, except those that belong to no path", () => {
    const said = new Set(operations().flatMap(({ codes }) => codes));
    const everywhere: readonly ErrorCode[] = [
      "invalid_api_key",
      "key_set_unavailable",
      "permission_denied",
      "internal_error",
    ];
    const nowhere: readonly ErrorCode[] = [
      ...([
        "method_not_allowed",
        "upgrade_required",
        "headers_too_large",
        "receive_timeout",
      ] as const),
      ...(["host_not_allowed", "origin_not_allowed"] as const),
    ];

    const all = new Set([...said, ...everywhere, ...nowhere]);
    expect([...all].sort()).toEqual([...SENT_CODES].sort());
  });

  test("has answers whose objects allow no unknown fields", () => {
    const answers = Object.entries(document.components.schemas).filter(
      ([name]) => !name.endsWith("Request") && name !== "OpenApiDocument",
    );

    const open = answers.flatMap(([name, schema]) => openObjects(schema, name));

    // The client's own values are returned unchanged.
    expect(open.sort()).toEqual([
      "InputItemList.data",
      "Response.text.format",
      "Response.tool_choice",
      "Response.tools",
    ]);
  });

  function openObjects(schema: unknown, path: string): readonly string[] {
    if (typeof schema !== "object" || schema === null) return [];
    const { properties, additionalProperties } = schema as Record<string, object | undefined>;
    const isOpen = properties !== undefined && (additionalProperties as unknown) !== false;
    return [
      ...(isOpen ? [path] : []),
      ...Object.entries(schema).flatMap(([keyword, inner]) =>
        keyword === "properties"
          ? Object.entries(inner as object).flatMap(([name, each]) =>
              openObjects(each, `${path}.${name}`),
            )
          : openObjects(inner, path),
      ),
    ];
  }
});

describe.each(ALL)("%s", (_name, operation) => {
  test("answers as the document says", async () => {
    const response = await ask(operation);

    const [answer] = operation.answers;
    const { content = {} } = documentedAs(operation).responses[`${answer?.status}`] ?? {};
    expect(response.status).toBe(answer?.status);
    const type = response.headers.get("content-type")?.split(";", 1) ?? [];
    expect(Object.keys(content)).toEqual(expect.arrayContaining(type));
    const isEmpty = answer?.status === 204 || answer?.isEmpty === true;
    expect(type.length).toBe(isEmpty ? 0 : 1);
    if (answer?.schema) expectHeldTo(answer.schema[1], await response.json());
    else expect((await response.text()) === "").toBe(isEmpty);
  });

  test("requires a key where documented, and refuses in its own envelope", async () => {
    const response = await ask(operation, locked);

    const isPublic = operation.isPublic === true;
    expect(response.status === 401).toBe(!isPublic);
    expect(documentedAs(operation).security?.length === 0).toBe(isPublic);
    if (!isPublic) expectHeldTo(operation.tag.error, await response.json());
  });
});

describe.each(POSTS)("%s", (_name, operation) => {
  const { contract, method } = operation;
  const field = operation.path === "/api/copy" ? "source" : "model";

  test.each([
    ["no JSON", "{", "invalid_json"],
    ["a list", "[]", "invalid_json"],
    ["a model that is a number", { ...contract?.example, [field]: 5 }, "invalid_value"],
    ["a model that is not there", { ...contract?.example, [field]: "no" }, "model_not_found"],
    ["nothing", {}, "missing_parameter"],
  ] as const)("refuses %s in its envelope, with a code of the document", async (...given) => {
    const [, body, code] = given;

    const url = await urlOf(operation);
    const isElsewhere = code === "model_not_found";
    const isInPath = operation.path.includes("{model}");
    const response = await send(
      operation,
      isElsewhere && isInPath ? url.replace(/models\/[^/:]+/, "models/no") : url,
      body,
    );

    const answer = (await response.json()) as unknown;
    expect(response.status).toBe(statusOf(code));
    expectHeldTo(operation.tag.error, answer);
    const details = errorDetailsOf(answer);
    expect(details.code).toBe(code);
    expect(details.param === null).toBe(code === "invalid_json");
    expect(operation.codes).toContain(code);
    expect(documentedAs(operation).responses[`${response.status}`]?.description).toContain(code);
  });

  test("refuses another content type, and a body that is too large", async () => {
    const url = await urlOf(operation);
    const type = await fetch(url, { method: method.toUpperCase(), body: "{}" });
    const size = await send(operation, url, { a: "a".repeat(5_000_000) });

    // Ollama reads bodies of any type, so that the error is about a missing field.
    expect([type.status, size.status]).toEqual([operation.tag === OLLAMA ? 400 : 415, 413]);
    for (const response of [type, size]) expectHeldTo(operation.tag.error, await response.json());
  });

  test("names unknown fields in a header", async () => {
    if (operation.path === "/api/delete") addModel("mine", running);
    const response = await send(operation, await urlOf(operation), {
      ...contract?.example,
      zzz: 1,
    });

    expect(response.headers.get("x-ignored-params")).toBe("zzz");
  });
});

test.each(STREAMING)("%s streams events as the document says", async (_name, operation) => {
  const { event, lastData, example } = operation.contract as Contract; // only operations with a contract are in the list

  const response = await post(await urlOf(operation), { ...example, stream: true });

  const type = response.headers.get("content-type")?.split(";", 1) ?? [];
  const events = await eventsOf(response);
  const last = lastData ? events.slice(-1) : [];
  expect(last).toEqual(lastData ? [lastData] : []);
  const whole = events.slice(0, events.length - last.length);
  expect(whole.length).toBeGreaterThan(1);
  for (const each of whole) expectHeldTo(event ?? z.never(), each);
  expect(documentedAs(operation).responses[200]?.content).toHaveProperty(type);
});

test("still serves after all cases, and no internal error was counted", async () => {
  expect((await fetch(`${running.url}/health`)).status).toBe(200);
  expect(running.logLines.filter(({ msg }) => msg === "bug")).toEqual([]);
});
