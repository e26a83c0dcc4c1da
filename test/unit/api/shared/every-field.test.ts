// Every field that is documented as having an effect has one, and its documented limits and default are true.

import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
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

const TOOL = { type: "function", function: { name: "f" } };
const ANSWER = { role: "assistant", content: "Well" };
const endedByAnswer = { messages: [{ role: "user", content: "Hi" }, ANSWER] };
const OWN_TOOL = { name: "f", input_schema: { type: "object" } };
const FUNCTIONS = { functionDeclarations: [{ name: "f" }] };
const schema = { type: "object" };

const ANYWHERE: Readonly<Record<string, Try>> = {
  messages: [[{ role: "user", content: "Bye" }]],
  stream_options: [{ flush: "word" }, { stream: true }],
  return_progress: [true, { stream: true }],
  top_logprobs: [2, { logprobs: true }],
  logit_bias: [{ 5: 1 }],
  json_schema: [{ type: "object" }],
  response_format: [{ type: "json_object" }],
  grammar: ['root ::= "a"'],
  chat_template_kwargs: [{ a: 1 }],
  options: [{ temperature: 0.5 }],
  format: ["json"],
  tools: [[TOOL]],
};

/** Fields that no single value of their type changes. */
const TRIES: Readonly<Record<string, Readonly<Record<string, Try>>>> = {
  ChatCompletion: {
    max_tokens: [7, { max_tokens: undefined }],
    max_completion_tokens: [7, { max_tokens: undefined }],
    tool_choice: ["required", { tools: [TOOL] }],
    parallel_tool_calls: [false, { tools: [TOOL] }],
    continue_final_message: [false, endedByAnswer],
    add_generation_prompt: [true, endedByAnswer],
    reasoning: [{ effort: "low" }],
    thinking: [{ type: "disabled" }],
  },
  Response: {
    tools: [[{ type: "function", name: "f" }]],
    tool_choice: ["required", { tools: [{ type: "function", name: "f" }] }],
    text: [{ format: { type: "json_object" } }],
    reasoning: [{ effort: "low" }],
    thinking: [{ type: "disabled" }],
    include: [["message.output_text.logprobs"]],
    top_logprobs: [2],
    metadata: [{ a: "b" }],
    prompt_cache_options: [{ comparison_response_id: "resp_1" }],
  },
  Message: {
    stop_sequences: [["x"]],
    tools: [[OWN_TOOL]],
    tool_choice: [{ type: "any" }, { tools: [OWN_TOOL] }],
    thinking: [{ type: "enabled", budget_tokens: 5, display: "omitted" }],
    output_config: [{ effort: "max" }],
    diagnostics: [{ previous_message_id: "msg_1" }],
    output_format: [{ type: "json_schema", schema }],
  },
  GeminiContent: {
    contents: [[{ parts: [{ text: "Bye" }] }]],
    systemInstruction: [{ parts: [{ text: "Be brief." }] }],
    tools: [[FUNCTIONS]],
    toolConfig: [{ functionCallingConfig: { mode: "ANY" } }, { tools: [FUNCTIONS] }],
    generationConfig: [{ temperature: 0.5 }],
  },
  NativeCompletion: {
    max_tokens: [7, { n_predict: undefined }],
    response_fields: [["content"]],
  },
  Infill: {
    max_tokens: [7, { n_predict: undefined }],
    input_extra: [[{ text: "x" }]],
    response_fields: [["content"]],
  },
  Detokenization: { tokens: [[5]] },
  OllamaChat: {
    tool_choice: ["required", { tools: [TOOL] }],
    truncate: [true, { messages: [ANSWER, { role: "user", content: "Hi" }] }],
  },
  Ranking: {
    documents: [["x"]],
    texts: [["x"], { documents: undefined, texts: ["a", "b"] }],
    raw_scores: [true, { documents: undefined, texts: ["a"] }],
    return_text: [true, { documents: undefined, texts: ["a"] }],
    truncate: [true, { documents: undefined, texts: ["a"] }],
  },
};

function triesOf({ name }: Contract, row: FieldRow): readonly Try[] {
  const own = TRIES[name]?.[row.path] ?? ANYWHERE[row.path];
  return own ? [own] : valuesIn(row).map((value) => [value]);
}

/** Values of the simple types that a field may have. */
function valuesIn({ allowed }: FieldRow): readonly unknown[] {
  return [
    ...[...allowed.matchAll(/"\w+"/g)].map(([value]) => JSON.parse(value) as unknown),
    ...(allowed.includes("true or false") ? [true, false] : []),
    ...(/integer|number/.test(allowed) ? [0.5, 1, 2, 7] : []),
    ...(allowed.includes("text") ? ["x"] : []),
  ];
}

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

/** Contracts with their own body schema; the other routes take the bodies of these, or count their tokens. */
const OWN = READERS.filter(
  ([{ name }]) => schemas[`${name}Request`] !== undefined && !name.endsWith("TokenCount"),
);

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

const EFFECTIVE = FIELDS.filter(([, { row }]) => row.hasEffect);
const DEFAULTED = FIELDS.filter(([, { row }]) => row.fallback !== null);

test("names no field that is not there", () => {
  const fields: readonly string[] = EFFECTIVE.map(([name]) => name);
  const named = Object.entries(TRIES).flatMap(([name, tries]) =>
    Object.keys(tries).map((field) => `${name}.${field}`),
  );

  expect(named.filter((name) => !fields.includes(name))).toEqual([]);
});

/** As JSON, without undefined values and functions. */
function asJson(given: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(given)) as Record<string, unknown>;
}

/** Null for a body that is refused. */
async function answerTo(read: ReadBody, body: object): Promise<unknown> {
  try {
    return await read(asJson(body));
  } catch (error) {
    if (error instanceof ServiceError) return null;
    throw error;
  }
}

test.each(EFFECTIVE)("%s changes the request", async (_name, { contract, read, row }) => {
  const changes: boolean[] = [];
  for (const [value, around = {}] of triesOf(contract, row)) {
    const without = { ...contract.example, ...around };
    const answer = await answerTo(read, { ...without, [row.path]: value });
    changes.push(answer !== null && !isDeepStrictEqual(answer, await read(asJson(without))));
  }

  expect(changes).toContain(true);
});

test.each(DEFAULTED)(
  "the default of %s changes nothing",
  async (_name, { contract, read, row }) => {
    const [[, around = {}] = []] = triesOf(contract, row);
    const { [row.path]: _, ...absent } = asJson({ ...contract.example, ...around });
    const given = { ...absent, [row.path]: JSON.parse(row.fallback ?? "null") };

    expect(await read(given)).toEqual(await read(absent));
  },
);

const LIMITS = FIELDS.flatMap(([name, { contract, read, row }]) => {
  const [[, around = {}] = []] = triesOf(contract, row);
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
