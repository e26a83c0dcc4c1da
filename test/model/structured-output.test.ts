// Structured output of the real model: whatever is sampled, the answer matches the schema.

import { afterAll, beforeAll, expect, test } from "vitest";
import { chat, post, postSse, readAll } from "../support/clients/sse-client.ts";
import { type RunningService, startWithModel } from "../support/start-service.ts";

let running: RunningService;
let url: string;
beforeAll(async () => {
  running = await startWithModel({ threads: 1, allowGrammar: true });
  url = `${running.url}/v1/chat/completions`;
});
afterAll(async () => running.close());

const SCHEMA = {
  type: "object",
  properties: {
    color: { enum: ["red", "green", "blue"] },
    count: { type: "integer", minimum: 1, maximum: 12 },
    code: { type: "string", pattern: "^[A-Z]{3}-\\d{2}$" },
    tags: { type: "array", items: { type: "string", maxLength: 8 }, minItems: 1, maxItems: 3 },
    parent: { anyOf: [{ type: "null" }, { type: "boolean" }] },
  },
  required: ["color", "count", "code", "tags", "parent"],
  additionalProperties: false,
};
const FORMAT = {
  type: "json_schema",
  json_schema: { name: "thing", schema: SCHEMA, strict: true },
};

type Answer = {
  choices: { message: { content: string }; finish_reason: string }[];
  error?: { code: string; param: string; message: string };
};

async function ask(changes: object): Promise<Answer> {
  return (await (await post(url, chat({ max_tokens: 400, ...changes }))).json()) as Answer;
}

function expectThing(text: string): void {
  const thing = JSON.parse(text) as Record<string, unknown>;
  expect(Object.keys(thing)).toEqual(SCHEMA.required);
  expect(SCHEMA.properties.color.enum).toContain(thing.color);
  expect(Number.isInteger(thing.count)).toBe(true);
  expect(thing.count).toBeGreaterThanOrEqual(1);
  expect(thing.count).toBeLessThanOrEqual(12);
  expect(thing.code).toMatch(/^[A-Z]{3}-\d{2}$/);
  expect((thing.tags as string[]).length).toBeGreaterThanOrEqual(1);
  for (const tag of thing.tags as string[]) expect([...tag].length).toBeLessThanOrEqual(8);
  expect([null, true, false]).toContain(thing.parent);
}

test("whatever is sampled, the answer matches the schema and ends with stop", async () => {
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, seed) => ask({ response_format: FORMAT, temperature: 1, seed })),
  );

  for (const { choices } of answers) {
    expect(choices[0]?.finish_reason).toBe("stop");
    expectThing(choices[0]?.message.content ?? "");
  }
});

test("a streamed answer has the same text as a buffered one", async () => {
  const body = { response_format: FORMAT, temperature: 0, max_tokens: 400 };

  const { choices } = await ask(body);
  const streamed = await readAll(await postSse(url, chat({ ...body, stream: true })));

  expect(streamed.text).toBe(choices[0]?.message.content);
  expectThing(streamed.text);
});

test("requests without a schema are not restricted, neither beside nor after one with a schema", async () => {
  const [held, free] = await Promise.all([
    ask({ response_format: FORMAT, temperature: 0 }),
    ask({ temperature: 0, max_tokens: 60 }),
  ]);
  const afterwards = await ask({ temperature: 0, max_tokens: 60 });

  expectThing(held.choices[0]?.message.content ?? "");
  expect(afterwards.choices[0]?.message.content).toBe(free.choices[0]?.message.content);
});

test("JSON mode answers with an object", async () => {
  const { choices } = await ask({
    response_format: {
      type: "json_object",
      schema: { type: "object", additionalProperties: { type: "boolean" } },
    },
    temperature: 1,
    seed: 5,
    logit_bias: {},
  });

  if (choices[0]?.finish_reason === "stop") {
    expect(typeof JSON.parse(choices[0].message.content)).toBe("object");
  } else expect(choices[0]?.message.content.trimStart().startsWith("{")).toBe(true);
});

test("a client's own grammar is enforced, also with characters that the model rarely writes", async () => {
  const yes = await ask({ grammar: 'root ::= "yes" | "no"', temperature: 1 });
  const rare = await ask({
    grammar: 'root ::= "\u65e5\u672c\ud83d\ude00" [\\x00-\\x7F]{2}',
    temperature: 1,
  });

  expect(["yes", "no"]).toContain(yes.choices[0]?.message.content);
  expect(rare.choices[0]?.message.content).toMatch(/^\u65e5\u672c\ud83d\ude00/);
});

test("an answer that max_tokens cuts off has finish reason length", async () => {
  const { choices } = await ask({ response_format: FORMAT, max_tokens: 3 });

  expect(choices[0]?.finish_reason).toBe("length");
});

test.each([
  ["no grammar at all", "this is not one"],
  ["no root", 'start ::= "a"'],
  ["a rule that is missing", "root ::= other"],
  ["left recursion", 'root ::= root "a" | "a"'],
  ["an open quote", 'root ::= "a'],
])("refuses a grammar with %s, and serves the next", async (_name, grammar) => {
  const { error } = await ask({ grammar });

  expect([error?.code, error?.param]).toEqual(["invalid_value", "grammar"]);
  expect((await ask({ max_tokens: 1 })).choices).toHaveLength(1);
  expect(running.service.engine.status().workerRestarts).toBe(0);
});
