// Schemas that are costly to compile: patterns, enumerations, tools, references and bounds.

import type { Random } from "../kinds/random.ts";
import { anyKey, CHAT, chat, list } from "./requests.ts";
import type { Abuse, Target } from "./target.ts";

const objectOf = (count: number, of: (index: number) => object): object => ({
  type: "object",
  properties: Object.fromEntries(list(count, (index) => [`p${index}`, of(index)])),
});

/** All are different, so that caching does not help. */
const patternOf = (index: number): string =>
  `^(${list(60, (each) => `c${each}x${index}`).join("|")}){1,99}$`;
const hardPattern = (index: number): string =>
  `^([a-z]{1,9}|[a-z0-9_]{2,30}|(a|b|c${index})?d){0,50}$`;
const mostPatterns = (random: Random): number =>
  random.next() < 0.1 ? 1_000 : random.between(20, 120);

const nested = (depth: number, wrap: (inner: object) => object): object =>
  list(depth, () => wrap).reduce((inner, each) => each(inner), { type: "string" } as object);

type Named = { readonly name: string; readonly schema: (random: Random) => object };

const SCHEMA_KINDS: readonly Named[] = [
  {
    name: "schema of many patterns",
    schema: (random) =>
      objectOf(mostPatterns(random), (index) => ({ type: "string", pattern: patternOf(index) })),
  },
  {
    name: "schema of patterns with nested repetitions",
    schema: (random) =>
      objectOf(random.between(10, 60), (index) => ({
        type: "string",
        pattern: hardPattern(index),
      })),
  },
  {
    name: "schema of many enumerations",
    schema: (random) =>
      objectOf(random.between(500, 4_000), (index) => ({ enum: [`a${index}`, "b", index] })),
  },
  {
    name: "schema with one long enumeration",
    schema: (random) => ({
      enum: list(random.between(100, 2_500), (index) => `value ${index}`),
    }),
  },
  {
    name: "schema nested deeply",
    schema: (random) =>
      nested(random.between(10, 60), (inner) =>
        random.pick([
          { type: "array", items: inner },
          { anyOf: [inner, { type: "null" }] },
          { type: "object", properties: { a: inner } },
        ]),
      ),
  },
  {
    name: "schema of references",
    schema: (random) => {
      const count = random.between(50, 800);
      const definition = (index: number) =>
        objectOf(2, (each) => ({ $ref: `#/$defs/d${(index + each + 1) % count}` }));
      const $defs = Object.fromEntries(list(count, (index) => [`d${index}`, definition(index)]));
      return { $defs, $ref: "#/$defs/d0" };
    },
  },
  {
    name: "schema of wide bounds",
    schema: (random) =>
      objectOf(random.between(5, 200), (index) =>
        random.pick<object>([
          { type: "string", minLength: 1, maxLength: 100_000 },
          { type: "array", items: { type: "integer" }, minItems: index, maxItems: 65_536 },
          { type: "integer", minimum: -(10 ** 15) + index, maximum: 10 ** 15 },
          { type: "number", multipleOf: 1e-9 },
        ]),
      ),
  },
];

/** Sends a schema as a response format or as tool parameters, through several APIs. */
async function askWith(target: Target, signal: AbortSignal, random: Random, schema: object) {
  const key = anyKey(target, random);
  const messages = [{ role: "user", content: "rivers" }];
  const tool = { type: "function", function: { name: "f", parameters: schema } };
  const json = { type: "json_schema", json_schema: { name: "a", schema } };
  const text = { format: { type: "json_schema", name: "a", schema } };
  const [path, body] = random.pick<readonly [string, object]>([
    [CHAT, chat({ response_format: json })],
    [CHAT, chat({ response_format: json, stream: true })],
    [CHAT, chat({ tools: [tool], tool_choice: "required" })],
    ["/v1/responses", { input: "a", max_output_tokens: 4, text }],
    [
      "/v1/messages",
      { ...chat(), tools: [{ name: "f", input_schema: schema }], tool_choice: { type: "any" } },
    ],
    ["/api/chat", { messages, format: schema, stream: false, options: { num_predict: 4 } }],
  ]);
  await target.ask({ path, key, body, timeoutMs: 15_000 }, signal);
}

export const SCHEMAS: readonly Abuse[] = [
  ...SCHEMA_KINDS.map(({ name, schema }) => ({
    name,
    weight: 1,
    run: (target: Target, signal: AbortSignal, random: Random) =>
      askWith(target, signal, random, schema(random)),
  })),
  {
    name: "many tools",
    weight: 1,
    run: async (target, signal, random) => {
      const tools = list(random.between(32, 140), (index) => ({
        type: "function",
        function: {
          name: `f${index}`,
          description: "x".repeat(random.between(0, 500)),
          parameters: objectOf(5, (each) => ({ type: "string", description: `field ${each}` })),
        },
      }));
      const tool_choice = random.pick(["auto", "required", "none"]);
      const body = chat({ tools, tool_choice });
      await target.ask({ path: CHAT, key: anyKey(target, random), body }, signal);
    },
  },
  {
    name: "grammar",
    weight: 1,
    run: async (target, signal, random) => {
      const grammar = `root ::= ${"(".repeat(500)}"a"${")*".repeat(500)}`;
      await target.ask(
        { path: CHAT, key: anyKey(target, random), body: chat({ grammar }) },
        signal,
      );
    },
  },
];
