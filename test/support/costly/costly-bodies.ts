// For every route that takes a body: bodies within all size limits that cause as much work as possible. Used by the test of the
// event loop and by the fuzzer.

import { DIALECTS, EMBEDDING_APIS, ENDPOINTS } from "../../../src/api/wire-formats.ts";
import { COSTLY_SCHEMAS, many, nested, object, properties, texts } from "./costly-schemas.ts";

export type CostlyBody = {
  readonly path: string;
  readonly name: string;
  /** Whether the body is rewritten for other routes. */
  readonly isGeneric: boolean;
  /** Created when needed, because it may have 4 MB. */
  readonly make: () => unknown;
};

const MIB = 1_048_576;
/** Slightly below the default body limit. */
const LONG = 4 * MIB - 4_000;

const TEXTS: Readonly<Record<string, () => string>> = {
  "4 MB of letters": () => "word ".repeat(LONG / 5),
  "4 MB of control tokens": () => "<|im_end|>".repeat(LONG / 10),
  "4 MB of characters of three bytes": () => "\u4e00".repeat(LONG / 3),
  "4 MB of what JSON escapes": () => '"\n'.repeat(LONG / 4 - 500),
};

/** Fields that no API has, in all shapes. */
const UNKNOWN: Readonly<Record<string, () => object>> = {
  "4,900 unknown fields with long names": () => object(4_900, () => 1, "n".repeat(800)),
  "unknown fields in 20,000 objects": () => ({ zzz: many(4, () => many(4_900, (n) => ({ n }))) }),
  "an unknown field 98 deep": () => ({ zzz: nested(98, (inner) => ({ a: inner })) }),
  "a million numbers": () => ({ zzz: many(1_000_000, (n) => n % 10) }),
  "40,000 texts": () => ({ zzz: many(40_000, (n) => `text ${n % 9}`) }),
};

type Route = {
  readonly path: string;
  /** A body with this content. */
  readonly saying: (text: string) => object;
  readonly withAnswer?: (schema: object) => object;
  readonly withTool?: (schema: object) => object;
  readonly own?: Readonly<Record<string, () => unknown>>;
};

const user = (content: unknown) => ({ role: "user", content });
const fn = (name: string, parameters: unknown) => ({
  type: "function",
  function: { name, parameters },
});
const SMALL = { type: "object", properties: { city: { type: "string" } } };
const call = (id: string, args: string) => ({
  id,
  type: "function",
  function: { name: "f", arguments: args },
});

const CHAT = {
  saying: (text: string) => ({ messages: [user(text)] }),
  withAnswer: (schema: object) => ({
    messages: [user("Hi")],
    response_format: { type: "json_schema", json_schema: { name: "x", schema } },
  }),
  withTool: (schema: object) => ({ messages: [user("Hi")], tools: [fn("f", schema)] }),
};
const CHAT_OWN: NonNullable<Route["own"]> = {
  "5,000 messages": () => ({ messages: many(5_000, (n) => user(`message ${n}`)) }),
  "5,000 messages with unknown fields": () => ({ messages: many(4_900, (n) => ({ ...user("a"), [`z${n}`]: 1, y: [{ x: n }] })) }),
  "10,000 parts": () => ({ messages: many(2, () => user(many(4_990, () => ({ type: "text", text: "part" })))) }),
  "20,000 parts with unknown fields": () => ({ messages: many(4, () => user(many(4_990, (n) => ({ type: "text", text: "p", [`z${n}`]: 1 })))) }),
  "10,000 calls": () => ({ messages: many(2, () => ({ role: "assistant", content: null, tool_calls: many(4_990, (n) => call(`c${n}`, "{}")) })) }),
  "calls with arguments of 4 MB": () => ({ messages: [user("Hi"), { role: "assistant", content: null, tool_calls: [call("c", JSON.stringify({ a: many(400_000, (n) => n) }))] }, { role: "tool", tool_call_id: "c", content: "x" }] }),
  "5,000 results of tools": () => ({ messages: [user("Hi"), { role: "assistant", content: null, tool_calls: many(2_400, (n) => call(`c${n}`, "{}")) }, ...many(2_400, (n) => ({ role: "tool", tool_call_id: `c${2_399 - n}`, content: "x" }))] }),
  "128 tools": () => ({ messages: [user("Hi")], tools: many(128, (n) => fn(`f${n}`, properties(45, (p) => ({ type: "string", maxLength: p + 1 + n })))) }),
  "128 tools of patterns": () => ({ messages: [user("Hi")], tools: many(128, (n) => fn(`f${n}`, texts(45, (p) => `[a-z]{${p + 1}}${n}`))) }),
  "128 tools of enumerations": () => ({ messages: [user("Hi")], tools: many(128, (n) => fn(`f${n}`, properties(1, () => ({ enum: many(300, (v) => `v${v}n${n}`) })))) }),
  "128 tools to be loosened": () => ({ messages: [user("Hi")], tools: many(128, (n) => fn(`f${n}`, properties(24, (p) => ({ type: "array", uniqueItems: true, items: { type: "string", pattern: `(?=${p})` } })))) }),
  "16 choices of a schema": () => ({ ...CHAT.withAnswer(properties(400, () => ({ type: "integer" }))), n: 16, tools: [fn("f", SMALL)] }),
  "4,900 biases": () => ({ ...CHAT.saying("Hi"), logit_bias: object(4_900, () => 1, "") }),
  "1,000 biases of 16 choices": () => ({ ...CHAT.saying("Hi"), n: 16, logit_bias: object(1_000, () => 1, "") }),
  "40,000 stops": () => ({ ...CHAT.saying("Hi"), stop: many(40_000, () => "a") }),
  "stops of 4 MB": () => ({ ...CHAT.saying("Hi"), stop: many(4_000, () => "a".repeat(1_000)) }),
  "5,000 messages of no role": () => ({ messages: many(4_990, () => ({ role: "nobody", content: "a" })) }),
  "20,000 parts without a text": () => ({ messages: many(4, () => user(many(4_990, () => ({ type: "text", text: 5 })))) }),
  "5,000 tools chosen": () => ({ messages: [user("Hi")], tools: many(128, (n) => fn(`f${n}`, SMALL)), tool_choice: { type: "allowed_tools", allowed_tools: { mode: "auto", tools: many(4_990, () => ({ type: "function", function: { name: "f127" } })) } } }),
  "variables of a template": () => ({ ...CHAT.saying("Hi"), chat_template_kwargs: object(4_900, () => "x".repeat(700)) }),
  "a grammar of 64 KB": () => ({ ...CHAT.saying("Hi"), grammar: `root ::= ${'"a" | '.repeat(10_000)}"b"` }),
  "a grammar of parentheses": () => ({ ...CHAT.saying("Hi"), grammar: `root ::= ${"(".repeat(65_000)}` }),
}; // biome-ignore format: a table

const responsesTool = (name: string, parameters: unknown) => ({
  type: "function",
  name,
  parameters,
});
const message = (text: string) => ({ role: "user", content: [{ type: "input_text", text }] });
const RESPONSES: Omit<Route, "path"> = {
  saying: (text) => ({ input: text, max_output_tokens: 1 }),
  withAnswer: (schema) => ({ input: "Hi", text: { format: { type: "json_schema", name: "x", schema } } }),
  withTool: (schema) => ({ input: "Hi", tools: [responsesTool("f", schema)] }),
  own: {
    "5,000 items": () => ({ input: many(5_000, (n) => message(`item ${n}`)) }),
    "5,000 items that may be cut": () => ({ input: many(4_990, (n) => message(`item ${n}`)), truncation: "auto" }),
    "steps of tools that may be cut": () => ({ truncation: "auto", input: [message("Hi"), ...many(2_490, (n) => n).flatMap((n) => [{ type: "function_call", call_id: `c${n}`, name: "f", arguments: "{}" }, { type: "function_call_output", call_id: `c${n}`, output: "x" }])] }),
    "calls in a row": () => ({ input: [message("Hi"), ...many(4_990, (n) => ({ type: "function_call", call_id: `c${n}`, name: "f", arguments: "{}" }))] }),
    "instructions of 4 MB in a stream": () => ({ input: "Hi", stream: true, instructions: "word ".repeat(LONG / 5) }),
    "instructions of 4 MB": () => ({ input: "Hi", instructions: "word ".repeat(LONG / 5) }),
    "metadata of 4,900 fields": () => ({ input: "Hi", metadata: object(4_900, () => "x".repeat(800)) }),
    "10,000 parts": () => ({ input: many(2, () => ({ role: "user", content: many(4_990, () => ({ type: "input_text", text: "p" })) })) }),
    "128 tools": () => ({ input: "Hi", tools: many(128, (n) => responsesTool(`f${n}`, properties(45, (p) => ({ type: "string", maxLength: p + 1 + n })))) }),
  },
}; // biome-ignore format: a table

const anthropicTool = (name: string, input_schema: unknown) => ({ name, input_schema });
const MESSAGES: Omit<Route, "path"> = {
  saying: (text) => ({ max_tokens: 1, messages: [user(text)] }),
  withAnswer: (schema) => ({ max_tokens: 1, messages: [user("Hi")], output_config: { format: { type: "json_schema", schema } } }),
  withTool: (schema) => ({ max_tokens: 1, messages: [user("Hi")], tools: [anthropicTool("f", schema)] }),
  own: {
    "5,000 messages": () => ({ max_tokens: 1, messages: many(5_000, (n) => user(`message ${n}`)) }),
    "10,000 blocks": () => ({ max_tokens: 1, messages: many(2, () => user(many(4_990, () => ({ type: "text", text: "part" })))) }),
    "calls and their results": () => ({ max_tokens: 1, messages: [user("Hi"), { role: "assistant", content: many(4_900, (n) => ({ type: "tool_use", id: `t${n}`, name: "f", input: { n } })) }, user(many(4_900, (n) => ({ type: "tool_result", tool_use_id: `t${4_899 - n}`, content: [{ type: "text", text: "x" }] })))] }),
    "20,000 blocks of no type": () => ({ max_tokens: 1, messages: many(4, () => user(many(4_990, () => ({ type: "nothing", text: "a" })))) }),
    "a call with 4 MB": () => ({ max_tokens: 1, messages: [user("Hi"), { role: "assistant", content: [{ type: "tool_use", id: "t", name: "f", input: { a: many(400_000, (n) => n) } }] }, user([{ type: "tool_result", tool_use_id: "t", content: "x" }])] }),
    "a system of 10,000 blocks": () => ({ max_tokens: 1, system: many(4_990, () => ({ type: "text", text: "be brief" })), messages: [user("Hi")] }),
    "128 tools": () => ({ max_tokens: 1, messages: [user("Hi")], tools: many(128, (n) => anthropicTool(`f${n}`, properties(45, (p) => ({ type: "string", maxLength: p + 1 + n })))) }),
  },
}; // biome-ignore format: a table

const contents = (text: string) => [{ role: "user", parts: [{ text }] }];
const GEMINI: Omit<Route, "path"> = {
  saying: (text) => ({ contents: contents(text) }),
  withAnswer: (schema) => ({ contents: contents("Hi"), generation_config: { response_mime_type: "application/json", response_json_schema: schema } }),
  withTool: (schema) => ({ contents: contents("Hi"), tools: [{ function_declarations: [{ name: "f", parameters_json_schema: schema }] }] }),
  own: {
    "5,000 contents": () => ({ contents: many(5_000, () => contents("Hi")[0]) }),
    "10,000 parts": () => ({ contents: many(2, () => ({ role: "user", parts: many(4_990, () => ({ text: "p" })) })) }),
    "an OpenAPI schema, deep and wide": () => ({ contents: contents("Hi"), generationConfig: { responseMimeType: "application/json", responseSchema: nested(40, (inner) => ({ type: "OBJECT", properties: { a: inner, ...object(100, () => ({ type: "STRING" })) }, propertyOrdering: many(2_000, () => "a") })) } }),
    "a choice among 40,000 words": () => ({ contents: contents("Hi"), generationConfig: { responseMimeType: "text/x.enum", responseSchema: { type: "STRING", enum: many(40_000, (n) => `w${n % 100}`) } } }),
    "calls and their results": () => ({ contents: [contents("Hi")[0], { role: "model", parts: many(4_900, (n) => ({ functionCall: { name: "f", args: { n } } })) }, { role: "user", parts: many(4_900, (n) => ({ functionResponse: { name: "f", response: { n } } })) }] }),
    "5,800 calls, and results of the last ones": () => ({ contents: [contents("Hi")[0], ...many(2, (k) => ({ role: "model", parts: many(2_900, (n) => ({ functionCall: { id: `${k}-${n}`, name: "f" } })) })), ...many(2, (k) => ({ role: "user", parts: many(2_900, (n) => ({ functionResponse: { id: `${1 - k}-${2_899 - n}`, name: "f", response: {} } })) }))] }),
    "20,000 parts of numbers": () => ({ contents: many(4, () => ({ role: "user", parts: many(4_990, () => ({ text: 5 })) })) }),
    "40,000 allowed functions": () => ({ contents: contents("Hi"), tools: [{ functionDeclarations: many(128, (n) => ({ name: `f${n}` })) }], toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: many(40_000, () => "f127") } } }),
    "fields in the other spelling": () => ({ contents: contents("Hi"), generation_config: object(4_900, () => 1, "some_field_") }),
  },
}; // biome-ignore format: a table

const OLLAMA: Omit<Route, "path" | "saying"> = {
  own: {
    "many options": () => ({
      model: "m",
      prompt: "Hi",
      messages: [user("Hi")],
      options: object(4_900, () => 1, "some_option_"),
    }),
  },
};
const OLLAMA_CHAT: Omit<Route, "path"> = {
  saying: (text) => ({ model: "m", messages: [user(text)] }),
  withAnswer: (schema) => ({ model: "m", messages: [user("Hi")], format: schema }),
  withTool: (schema) => ({ model: "m", messages: [user("Hi")], tools: [fn("f", schema)] }),
  own: {
    ...OLLAMA.own,
    "6,000 calls, and results of the last ones": () => ({ model: "m", messages: [user("Hi"), ...many(3, (k) => ({ role: "assistant", content: "", tool_calls: many(2_000, (n) => ({ id: `${k}-${n}`, function: { name: "f", arguments: {} } })) })), ...many(4_000, (n) => ({ role: "tool", content: "x", tool_call_id: `${2 - (n % 2)}-${1_999 - (n >> 1)}` }))] }),
    "5,000 messages that may be cut": () => ({ model: "m", truncate: true, messages: many(4_990, (n) => user(`message ${n}`)) }),
  },
}; // biome-ignore format: a table

const numbers = (count: number) => many(count, (n) => n % 10);
const RERANK: Omit<Route, "path"> = {
  saying: (text) => ({ query: text, documents: ["a"] }),
  own: {
    "5,000 documents": () => ({ query: "a", documents: many(5_000, (n) => ({ text: `document ${n}` })), return_documents: true }),
    "40,000 documents": () => ({ query: "a", documents: many(40_000, () => "abc") }),
  },
}; // biome-ignore format: a table
const EMBED: NonNullable<Route["own"]> = {
  "2,048 inputs": () => ({ model: "m", input: many(2_048, (n) => `input ${n}`) }),
  "40,000 inputs": () => ({ model: "m", input: many(40_000, () => "a") }),
};

const ROUTES: readonly Route[] = [
  { path: "/v1/chat/completions", ...CHAT, own: CHAT_OWN },
  { path: "/v1/chat/completions/input_tokens", ...CHAT, own: CHAT_OWN },
  { path: "/apply-template", ...CHAT },
  {
    path: "/v1/completions",
    saying: (prompt) => ({ prompt }),
    withAnswer: (json_schema) => ({ prompt: "Hi", json_schema }),
    own: {
      "5,000 prompts": () => ({ prompt: many(5_000, () => "a") }),
      "a prompt of a million tokens": () => ({ prompt: numbers(1_000_000) }),
      "lists of tokens": () => ({ prompt: many(4_900, () => numbers(200)) }),
    },
  },
  { path: "/v1/responses", ...RESPONSES },
  { path: "/v1/responses/input_tokens", ...RESPONSES },
  { path: "/v1/messages", ...MESSAGES },
  { path: "/v1/messages/count_tokens", ...MESSAGES },
  ...["generateContent", "streamGenerateContent", "countTokens"].map((method) => ({
    path: `/v1beta/models/{model}:${method}`,
    ...GEMINI,
  })),
  { path: "/api/chat", ...OLLAMA_CHAT },
  {
    path: "/api/generate",
    saying: (prompt) => ({ model: "m", prompt }),
    withAnswer: (format) => ({ model: "m", prompt: "Hi", format }),
    ...OLLAMA,
  },
  {
    path: "/infill",
    saying: (input_prefix) => ({ input_prefix, input_suffix: "b" }),
    withAnswer: (json_schema) => ({ input_prefix: "a", input_suffix: "b", json_schema }),
    own: {
      "5,000 other files": () => ({ input_prefix: "a", input_suffix: "b", input_extra: many(5_000, (n) => ({ filename: `f${n}`, text: "x".repeat(700) })) }),
      "40,000 fields of the answer": () => ({ input_prefix: "a", input_suffix: "b", response_fields: many(40_000, () => "a/b/c") }),
    },
  }, // biome-ignore format: a table
  {
    path: "/detokenize",
    saying: (text) => ({ tokens: text }),
    own: { "a million tokens": () => ({ tokens: numbers(1_000_000) }) },
  },
  { path: "/v1/embeddings", saying: (input) => ({ input }), own: { ...EMBED, "a million tokens": () => ({ input: numbers(1_000_000) }), "lists of tokens": () => ({ input: many(2_048, () => numbers(400)) }) } }, // biome-ignore format: a table
  { path: "/api/embed", saying: (input) => ({ model: "m", input }), own: EMBED },
  { path: "/api/embeddings", saying: (prompt) => ({ model: "m", prompt }) },
  { path: "/v1/rerank", ...RERANK },
];

/** All other routes that take a body: their contract's example, with a costly text. */
const OTHER_ROUTES: readonly Route[] = [
  ...DIALECTS,
  ...ENDPOINTS,
  ...EMBEDDING_APIS.map(({ paths: [path], contract }) => ({ path, contract })),
]
  .filter(({ path }) => ROUTES.every((route) => route.path !== path))
  .map(({ path, contract }) => ({ path, saying: (text) => exampleSaying(contract.example, text) }));

/** The example with this text instead of its longest one. */
function exampleSaying(example: object, text: string): object {
  const texts = [...JSON.stringify(example).matchAll(/:("(?:[^"\\]|\\.)*")/g)].map(
    ([, each]) => each,
  );
  const longest = texts.reduce((one = "", other = "") => (other.length > one.length ? other : one));
  return JSON.parse(JSON.stringify(example).replace(longest ?? "", () => JSON.stringify(text)));
}

export const COSTLY_BODIES: readonly CostlyBody[] = [...ROUTES, ...OTHER_ROUTES].flatMap(bodiesOf);

function bodiesOf({ path, saying, withAnswer, withTool, own = {} }: Route): CostlyBody[] {
  const bodies: [string, () => unknown][] = [];
  for (const [name, text] of Object.entries(TEXTS)) bodies.push([name, () => saying(text())]);
  for (const [name, fields] of Object.entries(UNKNOWN))
    bodies.push([name, () => ({ ...saying("Hi"), ...fields() })]);
  for (const [name, schema] of Object.entries(COSTLY_SCHEMAS)) {
    if (withAnswer) bodies.push([`an answer of ${name}`, () => withAnswer(schema())]);
    if (withTool) bodies.push([`a tool of ${name}`, () => withTool(schema())]);
  }
  const all = (entries: [string, () => unknown][], isGeneric: boolean) =>
    entries.map(([name, make]) => ({ path, name, isGeneric, make }));
  return [...all(bodies, true), ...all(Object.entries(own), false)];
}
