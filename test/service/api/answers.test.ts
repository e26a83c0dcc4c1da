// Every kind of answer against its schema, field by field: reasoning, calls, logprobs, progress, choices, endings, errors;
// buffered and streamed.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { geminiGenerate, geminiStream } from "../../../src/api/gemini/generate.ts";
import {
  nativeAnswer,
  nativeFrame,
  pickedFields,
  slotList,
} from "../../../src/api/llama-cpp/answers.ts";
import { openaiEmbeddings } from "../../../src/api/openai/embeddings.ts";
import { ranking, teiRanking } from "../../../src/api/openai/rerank.ts";
import type { Contract } from "../../../src/api/shared/contract.ts";
import { readiness } from "../../../src/api/sluice/server-answers.ts";
import { DIALECTS } from "../../../src/api/wire-formats.ts";
import { ServiceError } from "../../../src/errors.ts";
import type { FreshDelta } from "../../../src/generation/events.ts";
import type { PrefillStatus } from "../../../src/generation/wait-status.ts";
import { errorDetailsOf } from "../../support/clients/error-text.ts";
import { eventsOf, expectHeldTo, placeOf } from "../../support/clients/expect-schema.ts";
import { tokenLogprob } from "../../support/clients/receipts.ts";
import { chat, post, postSse } from "../../support/clients/sse-client.ts";
import { FakeEngine, type FakeEngineOptions } from "../../support/engines/fake-engine.ts";
import {
  type RunningService,
  startWithFake,
  startWithFakeEmbeddings,
} from "../../support/start-service.ts";

let running: RunningService | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

/** One service for all tests of a group. */
function sharedService(...given: Parameters<typeof startWithFake>): () => RunningService {
  let service: RunningService | undefined;
  beforeAll(async () => {
    service = await startWithFake(...given);
  });
  afterAll(async () => service?.close());
  return () => {
    if (!service) throw new Error("it has not started");
    return service;
  };
}

const logprobs = [
  tokenLogprob("He", -0.5, [
    ["He", -0.5],
    ["She", -1],
  ]),
  tokenLogprob("y", Number.NEGATIVE_INFINITY),
];
const text: FreshDelta = { type: "text-delta", text: "Hey", tokens: 2, logprobs };
const reasoning: FreshDelta = { type: "reasoning-delta", text: "Hm.", tokens: 1 };
const call: FreshDelta = { type: "tool-call-delta", index: 0, name: "f", text: '{"a":', tokens: 1 };
const more: FreshDelta = { type: "tool-call-delta", index: 0, name: null, text: "1}", tokens: 1 };
const progress: PrefillStatus = {
  type: "prefill",
  total: 9,
  cached: 1,
  processed: 5,
  ms: 3.21,
};

const ENGINES: Readonly<Record<string, FakeEngineOptions>> = {
  text: { events: [progress, text, text] },
  "reasoning and calls": { events: [progress, reasoning, text, call, more, { ...call, index: 1 }] },
  "a call alone": { events: [call, more] },
  nothing: { events: [] },
  "an answer that is cut off": { texts: ["a"], tokens: 100 },
};

const TOOL = { name: "f", parameters: { type: "object" } };
const GEMINI = {
  generationConfig: {
    ...{ candidateCount: 2, maxOutputTokens: 5, responseLogprobs: true, logprobs: 2 },
    thinkingConfig: { includeThoughts: true },
  },
  tools: [{ functionDeclarations: [{ name: "f" }] }],
};
/** Request fields that make each dialect add optional parts to its answer. */
const MORE: Readonly<Record<string, object>> = {
  "/v1/chat/completions": {
    ...{ logprobs: true, top_logprobs: 2, n: 2, return_progress: true, service_tier: "flex" },
    stream_options: { include_usage: true },
    tools: [{ type: "function", function: TOOL }],
    max_tokens: 5,
  },
  "/v1/completions": {
    ...{ logprobs: 2, n: 2, return_progress: true, echo: true, service_tier: "auto" },
    stream_options: { include_usage: true },
    max_tokens: 5,
  },
  "/v1/responses": {
    ...{ top_logprobs: 2, metadata: { a: "b" }, instructions: "Be brief.", max_output_tokens: 5 },
    ...{ tools: [{ type: "function", ...TOOL }], tool_choice: { type: "function", name: "f" } },
    text: { format: { type: "json_schema", name: "a", schema: { type: "object" } } },
    reasoning: { effort: "low", summary: "auto" },
  },
  "/v1/messages": { max_tokens: 5, tools: [{ name: "f", input_schema: { type: "object" } }] },
  [geminiGenerate.path]: GEMINI,
  [geminiStream.path]: GEMINI,
  "/completion": { return_progress: true, stop: ["\n\n"], n_predict: 5 },
  "/infill": { return_progress: true, logit_bias: { 5: 1 }, stop: ["\n\n"], n_predict: 5 },
  "/api/chat": {
    ...{ logprobs: true, top_logprobs: 2, think: true, options: { num_predict: 5 } },
    tools: [{ type: "function", function: TOOL }],
  },
  "/api/generate": { logprobs: true, top_logprobs: 2, think: true, options: { num_predict: 5 } },
};

/** The schemas, without the form that all answers share. */
function schemasOf({ answer, event }: Contract): readonly [z.ZodType, z.ZodType] {
  if (answer instanceof z.ZodUnion && answer.options.includes(pickedFields))
    return [nativeAnswer, z.union([nativeFrame, nativeAnswer])];
  return [answer, event ?? z.never()];
}

const CASES = DIALECTS.flatMap(({ path, contract }) =>
  [{}, MORE[path] ?? {}].map(
    (fields) => [path, Object.keys(fields).length > 0 ? "all" : "no", contract, fields] as const,
  ),
);
const PATHS = DIALECTS.map(({ path, contract }) => [path, contract] as const);

function urlOf(path: string, { url, service }: RunningService): string {
  return url + placeOf(path, service.models.resolve(null).id);
}

test("has additions for every dialect", () => {
  expect(Object.keys(MORE).sort()).toEqual(DIALECTS.map(({ path }) => path).sort());
});

describe.each(Object.entries(ENGINES))("an answer of %s", (_engine, options) => {
  const service = sharedService(options);

  describe.each(CASES)("%s, with %s additions", (path, _with, contract, fields) => {
    const [whole, event] = schemasOf(contract);
    const body = { ...contract.example, ...fields };

    test.skipIf(contract.isOnlyStreamed)("matches its schema in one body", async () => {
      const response = await post(urlOf(path, service()), { ...body, stream_options: undefined });

      expect(response.status).toBe(200);
      expectHeldTo(whole, await response.json());
    });

    test.skipIf(!contract.event)("matches its schema in events", async () => {
      const response = await post(urlOf(path, service()), { ...body, stream: true });

      const events = await eventsOf(response);
      for (const each of events) if (each !== contract.lastData) expectHeldTo(event, each);
      expect(events.length).toBeGreaterThan(0);
    });
  });
});

describe("an answer that fails after it has begun", () => {
  const error = new ServiceError("generation_failed", "broken");
  const service = sharedService({ tokens: 5, failure: { error, afterTokens: 2 } });
  const streamed = PATHS.filter(([, { event }]) => event !== undefined);

  test.each(streamed)(
    "of %s ends with an error that matches its schema",
    async (path, contract) => {
      const response = await post(urlOf(path, service()), { ...contract.example, stream: true });

      const last = (await eventsOf(response)).at(-1);
      expect(errorDetailsOf(last).code).toBe("generation_failed");
      expectHeldTo(z.union([contract.tag.error, contract.event ?? z.never()]), last);
    },
  );
});

describe("a full queue", () => {
  const service = sharedService(
    { tokens: Number.POSITIVE_INFINITY, tokenMs: 20 }, // the first request runs for a minute
    { slots: 1, queue: 0 },
  );
  beforeAll(async () => {
    const endless = chat({ max_tokens: 1e6, stream: true });
    const first = await postSse(`${service().url}/v1/chat/completions`, endless);
    await first.events.next();
    return first.leave;
  });

  test.each(PATHS)("refuses %s with an error that matches its schema", async (path, contract) => {
    const response = await post(urlOf(path, service()), contract.example);

    expect(response.status).toBe(429);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expectHeldTo(contract.tag.error, await response.json());
  });
});

describe("a deadline", () => {
  const service = sharedService({ tokens: Number.POSITIVE_INFINITY, tokenMs: 5 });
  const whole = PATHS.filter(([, { isOnlyStreamed }]) => !isOnlyStreamed);

  test.each(whole)("ends an answer of %s with the text so far", async (path, contract) => {
    const within = { "x-deadline-ms": "300" };
    const response = await post(urlOf(path, service()), contract.example, within);

    expect(response.status).toBe(200);
    expectHeldTo(schemasOf(contract)[0], await response.json());
  });
});

test("response_fields of /infill returns only the requested paths", async () => {
  running = await startWithFake();
  const body = {
    input_prefix: "a",
    input_suffix: "b",
    response_fields: ["content", "timings/prompt_n"],
  };

  const answer = (await (await post(`${running.url}/infill`, body)).json()) as object;

  expect(Object.keys(answer)).toEqual(["content", "timings/prompt_n"]);
});

test("rankings in both forms match their schemas, with texts and without", async () => {
  running = await startWithFakeEmbeddings();
  const url = `${running.url}/v1/rerank`;
  const documents = ["a", { text: "b" }];
  const [plain, withTexts, tei, teiWithTexts] = await Promise.all([
    post(url, { query: "q", documents }),
    post(url, { query: "q", documents, return_documents: true, top_n: 1 }),
    post(url, { query: "q", texts: ["a", "b"] }),
    post(url, { query: "q", texts: ["a"], return_text: true, raw_scores: true, truncate: true }),
  ]);

  for (const response of [plain, withTexts]) expectHeldTo(ranking, await response.json());
  for (const response of [tei, teiWithTexts]) expectHeldTo(teiRanking, await response.json());
});

test("vectors match their schemas as numbers and as bytes", async () => {
  running = await startWithFakeEmbeddings();
  const url = `${running.url}/v1/embeddings`;
  const [numbers, bytes] = await Promise.all([
    post(url, { input: ["a", "b"], dimensions: 1, encoding_format: "float" }),
    post(url, { input: [[1], [2]], encoding_format: "base64" }),
  ]);

  for (const response of [numbers, bytes])
    expectHeldTo(openaiEmbeddings.contract.answer, await response.json());
});

test("busy slots match their schema, before and after the first token", async () => {
  running = await startWithFake({ tokens: Number.POSITIVE_INFINITY, tokenMs: 5, prefillMs: 100 });
  const first = await postSse(
    `${running.url}/v1/chat/completions`,
    chat({ max_tokens: 1e6, stream: true }),
  );
  const seen: unknown[] = [];
  for (const wanted of ["null", "number"]) {
    let state = "";
    while (state !== wanted) {
      const answer = (await (await fetch(`${running.url}/slots`)).json()) as { n_past?: number }[];
      const past = answer[0]?.n_past;
      state = past === null ? "null" : typeof past;
      seen.push(answer);
    }
  }
  first.leave();

  for (const answer of seen) expectHeldTo(slotList, answer);
});

test("readiness and missing facts match their schemas while the model loads", async () => {
  const engine = new FakeEngine();
  engine.startLoading();
  running = await startWithFake(engine);
  const [ready, props, model] = await Promise.all(
    ["/ready", "/props", "/v1/models"].map((path) => fetch(`${running?.url}${path}`)),
  );

  expect([ready?.status, props?.status, model?.status]).toEqual([503, 503, 200]);
  expectHeldTo(readiness, await ready?.json());
});
