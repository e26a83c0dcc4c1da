// Every field that is documented as having an effect has one, and its documented limits and default are true.

import { describe, expect, test } from "vitest";
import { type FieldRow, fieldRows } from "../../../../scripts/field-rows.ts";
import type { ParseContext } from "../../../../src/api/dialect.ts";
import type { AskEngine } from "../../../../src/api/endpoint.ts";
import { openapiDocument } from "../../../../src/api/openapi/document.ts";
import type { Contract } from "../../../../src/api/shared/contract.ts";
import { DIALECTS, EMBEDDING_APIS, ENDPOINTS } from "../../../../src/api/wire-formats.ts";
import { ServiceError } from "../../../../src/errors.ts";
import type { Delta } from "../../../../src/generation/events.ts";
import {
  choiceOf,
  ended,
  IDENTITY,
  RECEIPT,
  tokenLogprob,
} from "../../../support/clients/receipts.ts";

const { schemas } = openapiDocument("0").components;
const CONTEXT: ParseContext = {
  defaultMaxTokens: null,
  allowsGrammar: true,
  randomSeed: () => 3,
  conversation: () => [],
};

/** A value that changes something, and the fields that it requires. */
type Try = readonly [value: unknown, around?: object];

const SAMPLING: Readonly<Record<string, Try>> = {
  model: ["m"],
  stream: [true],
  temperature: [0.5],
  top_p: [0.5],
  top_k: [5],
  min_p: [0.5],
  presence_penalty: [1],
  frequency_penalty: [1],
  repeat_penalty: [1.5],
  seed: [9],
  stop: ["x"],
  min_tokens: [2],
  ignore_eos: [true],
  cache_prompt: [false],
  service_tier: ["flex"],
  logit_bias: [{ 5: 1 }],
  json_schema: [{ type: "object" }],
  grammar: ['root ::= "a"'],
};
const FORMAT: Readonly<Record<string, Try>> = {
  response_format: [{ type: "json_object" }],
  return_progress: [true, { stream: true }],
  max_tokens: [7],
};
const CHOICES: Readonly<Record<string, Try>> = {
  ...FORMAT,
  n: [2],
  stream_options: [{ flush: "word" }, { stream: true }],
};
const TOOL = { type: "function", function: { name: "f" } };
const ANSWER = { role: "assistant", content: "Well" };
const endedByAnswer = { messages: [{ role: "user", content: "Hi" }, ANSWER] };
const THINKING: Readonly<Record<string, Try>> = {
  chat_template_kwargs: [{ a: 1 }],
  thinking_budget_tokens: [5],
};
const OWN_TOOL = { name: "f", input_schema: { type: "object" } };
const FUNCTIONS = { functionDeclarations: [{ name: "f" }] };
const schema = { type: "object" };

const OLLAMA: Readonly<Record<string, Try>> = {
  model: ["m"],
  stream: [true],
  options: [{ temperature: 0.5 }],
  format: ["json"],
  think: [true],
  logprobs: [true],
  top_logprobs: [2, { logprobs: true }],
};

const TRIES: Readonly<Record<string, Readonly<Record<string, Try>>>> = {
  ChatCompletion: {
    ...SAMPLING,
    ...CHOICES,
    ...THINKING,
    messages: [[{ role: "user", content: "Bye" }]],
    max_tokens: [7, { max_tokens: undefined }],
    max_completion_tokens: [7, { max_tokens: undefined }],
    reasoning_effort: ["low"],
    reasoning_format: ["none"],
    tools: [[TOOL]],
    tool_choice: ["required", { tools: [TOOL] }],
    parallel_tool_calls: [false, { tools: [TOOL] }],
    logprobs: [true],
    top_logprobs: [2, { logprobs: true }],
    continue_final_message: [false, endedByAnswer],
    add_generation_prompt: [true, endedByAnswer],
  },
  Completion: {
    ...SAMPLING,
    ...CHOICES,
    prompt: [["a", "b"]],
    suffix: ["b"],
    echo: [true],
    logprobs: [0],
  },
  Response: {
    ...SAMPLING,
    ...THINKING,
    input: ["Bye"],
    instructions: ["Be brief."],
    max_output_tokens: [7],
    tools: [[{ type: "function", name: "f" }]],
    tool_choice: ["required", { tools: [{ type: "function", name: "f" }] }],
    parallel_tool_calls: [false],
    text: [{ format: { type: "json_object" } }],
    reasoning: [{ effort: "low" }],
    include: [["message.output_text.logprobs"]],
    top_logprobs: [2],
    metadata: [{ a: "b" }],
    truncation: ["auto"],
    store: [false],
    previous_response_id: ["resp_1"],
    background: [true],
  },
  Message: {
    model: ["m"],
    stream: [true],
    max_tokens: [7],
    messages: [[{ role: "user", content: "Bye" }]],
    system: ["Be brief."],
    stop_sequences: [["x"]],
    temperature: [0.5],
    top_p: [0.5],
    top_k: [5],
    tools: [[OWN_TOOL]],
    tool_choice: [{ type: "any" }, { tools: [OWN_TOOL] }],
    thinking: [{ type: "enabled", budget_tokens: 5, display: "omitted" }],
    output_config: [{ effort: "max" }],
    output_format: [{ type: "json_schema", schema }],
  },
  GeminiContent: {
    contents: [[{ parts: [{ text: "Bye" }] }]],
    systemInstruction: [{ parts: [{ text: "Be brief." }] }],
    tools: [[FUNCTIONS]],
    toolConfig: [{ functionCallingConfig: { mode: "ANY" } }, { tools: [FUNCTIONS] }],
    generationConfig: [{ temperature: 0.5 }],
    serviceTier: ["flex"],
  },
  Infill: {
    ...SAMPLING,
    ...FORMAT,
    max_tokens: [7, { n_predict: undefined }],
    n_predict: [7],
    input_prefix: ["x"],
    input_suffix: ["x"],
    input_extra: [[{ text: "x" }]],
    prompt: ["x"],
    response_fields: [["content"]],
  },
  Tokenization: {
    model: ["m"],
    content: ["x"],
    add_special: [true],
    parse_special: [false],
    with_pieces: [false],
  },
  Detokenization: { model: ["m"], tokens: [[5]] },
  OllamaChat: {
    ...OLLAMA,
    messages: [[{ role: "user", content: "Bye" }]],
    tools: [[TOOL]],
    truncate: [true, { messages: [ANSWER, { role: "user", content: "Hi" }] }],
  },
  OllamaGeneration: {
    ...OLLAMA,
    prompt: ["Bye"],
    system: ["Be brief."],
    suffix: ["b"],
    raw: [true],
  },
  OllamaEmbedding: { model: ["m"], input: ["x"], truncate: [true], dimensions: [1] },
  OlderOllamaEmbedding: { model: ["m"], prompt: ["x"] },
  Embeddings: { model: ["m"], input: ["x"], encoding_format: ["base64"], dimensions: [1] },
  Ranking: {
    model: ["m"],
    query: ["x"],
    documents: [["x"]],
    top_n: [1],
    return_documents: [true],
    texts: [["x"], { documents: undefined, texts: ["a", "b"] }],
    raw_scores: [true, { documents: undefined, texts: ["a"] }],
    return_text: [true, { documents: undefined, texts: ["a"] }],
    truncate: [true, { documents: undefined, texts: ["a"] }],
  },
};

const logprobs = [tokenLogprob("a", -1, [["b", -2]])];
const DELTAS: readonly Delta[] = [
  { type: "reasoning-delta", text: "Hm", tokens: 1, atMs: 0 },
  { type: "text-delta", text: "a", tokens: 1, atMs: 0, logprobs },
];
const CHOICE = choiceOf("a", { reasoning: "Hm", logprobs, ending: ended("length") });

type ReadBody = (body: object) => Promise<unknown>;

/** The result of a body: the questions to the engine, and the encoded answer. */
const READERS: readonly (readonly [Contract, ReadBody])[] = [
  ...DIALECTS.map(({ contract, parse }): readonly [Contract, ReadBody] => [
    contract,
    async (body) => {
      const { encoder, ...parsed } = parse(body, CONTEXT);
      const streaming = encoder(IDENTITY);
      const frames = DELTAS.flatMap((delta) => streaming.delta(0, delta));
      return [asJson(parsed), encoder(IDENTITY).body([CHOICE], RECEIPT), frames];
    },
  ]),
  ...ENDPOINTS.map(({ contract, parse }): readonly [Contract, ReadBody] => [
    contract,
    async (body) => {
      const { answer, ...asked } = parse(body, CONTEXT);
      const questions: unknown[] = [];
      const ask = (async (question) => {
        questions.push(question);
        return question.type === "tokenize" ? [{ id: 1, text: "a", bytes: [97] }] : "a";
      }) as AskEngine; // of these two alone
      return [asJson(asked), await answer(ask), questions];
    },
  ]),
  ...EMBEDDING_APIS.map(({ contract, parse }): readonly [Contract, ReadBody] => [
    contract,
    async (body) => {
      const { encoder, ...parsed } = parse(body);
      const encoding = encoder();
      const count =
        parsed.request.type === "embed"
          ? parsed.request.inputs.length
          : parsed.request.documents.length;
      for (let index = 0; index < count; index++)
        encoding.add(Float64Array.of(...(parsed.request.type === "embed" ? [1, 2] : [0.5])));
      return [
        asJson(parsed),
        encoding.body({ model: "m", promptTokens: 1, queueMs: 0, totalMs: 0 }),
      ];
    },
  ]),
];

/** Contracts with their own body schema; the other routes take the bodies of these. */
const OWN = READERS.filter(([{ name }]) => Object.hasOwn(TRIES, name));

/** Top-level fields of a body. */
function rowsOf(name: string): readonly FieldRow[] {
  return fieldRows(schemas[`${name}Request`] ?? {}).filter(
    ({ path, allowed }) => allowed !== "" && !/[.[]/.test(path),
  );
}

const FIELDS = OWN.flatMap(([contract, read]) =>
  rowsOf(contract.name).map(
    (row) => [`${contract.name}.${row.path}`, { contract, read, row }] as const,
  ),
);

test("covers every body", () => {
  const bodies = Object.keys(schemas).filter((name) => name.endsWith("Request"));
  const others = ["TokenCount", "GeminiTokenCount", "OllamaShow", "OllamaPull"];
  const known = [...Object.keys(TRIES), ...others].map((name) => `${name}Request`);

  expect(bodies.sort()).toEqual(known.sort());
});

/** As JSON, without undefined values and functions. */
function asJson(given: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(given)) as Record<string, unknown>;
}

describe.each(FIELDS)("%s", (_name, { contract, read, row }) => {
  const [value, around = {}] = TRIES[contract.name]?.[row.path] ?? [];
  const without = asJson({ ...contract.example, ...around });

  test("every field without the mark x-without-effect changes the request", async () => {
    if (!row.hasEffect) return expect(TRIES[contract.name]).not.toHaveProperty(row.path);
    expect(value).toBeDefined();
    expect(await read({ ...without, [row.path]: value })).not.toEqual(await read(without));
  });

  test("every documented default changes nothing", async () => {
    if (row.fallback === null) return;
    const { [row.path]: _, ...absent } = without;
    const given = { ...absent, [row.path]: JSON.parse(row.fallback) };

    expect(await read(given)).toEqual(await read(absent));
  });
});

const LIMITS = FIELDS.flatMap(([name, { contract, read, row }]) => {
  const [, around = {}] = TRIES[contract.name]?.[row.path] ?? [];
  const limits = /^(?:integer|number) from (\S+) to (\S+)$/.exec(row.allowed.replaceAll(",", ""));
  if (!limits) return [];
  const body = { ...contract.example, ...around };
  return limits.slice(1).map((limit, index) => {
    const beyond = Number(limit) + (index === 0 ? -1 : 1);
    return [
      name,
      Number(limit),
      beyond,
      (value: number) => read({ ...body, [row.path]: value }),
    ] as const;
  });
});

test.each(LIMITS)("%s may be %d, and not %d", async (_name, limit, beyond, send) => {
  await expect(send(limit)).resolves.toBeDefined();
  await expect(send(beyond)).rejects.toBeInstanceOf(ServiceError);
});

test("finds limits to test", () => {
  expect(LIMITS.length).toBeGreaterThan(50);
});
