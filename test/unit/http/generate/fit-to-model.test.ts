// In which syntax the schemas of a request are compiled, and what happens while the model is loading.

import type { Response } from "express";
import { expect, test } from "vitest";
import { compileDocument } from "../../../../src/compile/compile-document.ts";
import type { SchemaDocument } from "../../../../src/compile/schema-document.ts";
import { deferred, orAborted } from "../../../../src/generation/deferred.ts";
import type { ModelInfo } from "../../../../src/generation/model-info.ts";
import type { AskedRequest } from "../../../../src/generation/request.ts";
import { fitToModel } from "../../../../src/http/generate/fit-to-model.ts";
import { messagesPrompt, PLAIN_REQUEST } from "../../../support/clients/requests.ts";
import { FAKE_MODEL } from "../../../support/engines/fake-engine.ts";

const BARE = { quote: "<q>", areNamesQuoted: false, hasEscapes: false };
const CITY = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const TOOLS: AskedRequest = {
  ...PLAIN_REQUEST,
  prompt: {
    ...messagesPrompt([]),
    tools: {
      tools: [
        { name: "f", definition: {}, parameters: { schema: CITY, param: "tools", isStrict: true } },
      ],
      callable: ["f"],
      isRequired: false,
      isParallel: true,
    },
  },
};
const ANSWER: AskedRequest = {
  ...PLAIN_REQUEST,
  prompt: { type: "text", text: "" },
  grammar: { schema: CITY, param: "format", isStrict: true },
};

function compile(request: AskedRequest, firstLoad: Promise<ModelInfo>, signal: AbortSignal) {
  const schemas = { compile: async (document: SchemaDocument) => compileDocument(document) };
  const res = { locals: {}, headersSent: true } as unknown as Response; // what is used of it
  const deps = { schemas, isStrict: false };
  const ready = () => orAborted(firstLoad, signal);
  return fitToModel({ res, ready, signal, request, ignoredParams: [], wishes: [] }, deps);
}

test("arguments of tools are compiled in the model's syntax, once it is loaded", async () => {
  const load = deferred<ModelInfo>();
  const compiled = compile(TOOLS, load.promise, new AbortController().signal);
  load.resolve({ ...FAKE_MODEL, argumentSyntax: BARE });

  const { toolRules } = await compiled;
  expect(toolRules).toContain('"city" ":"');
  expect(toolRules).toContain('"<q>"');
});

test("the schema of an answer does not wait for the model", async () => {
  const { grammar } = await compile(ANSWER, deferred<ModelInfo>().promise, AbortSignal.abort());

  expect(grammar).toContain('"\\"city\\"" ":"');
});

test("a client that leaves while the model is loading ends the wait", async () => {
  const controller = new AbortController();
  const compiled = compile(TOOLS, deferred<ModelInfo>().promise, controller.signal);
  controller.abort();

  await expect(compiled).rejects.toMatchObject({ code: "aborted" });
});
