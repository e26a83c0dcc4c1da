// Prompts that are costly to prepare and then (nearly) refused: many messages, long texts, large tools, truncated histories.
// Each must be answered soon and may hardly slow down other streams.

import fc from "fast-check";
import type { HttpRequest } from "./hostile-requests.ts";

const MESSAGE_COUNTS = [1, 100, 815, 820, 1_500, 4_090, 5_000];
const TEXT_LENGTHS = [0, 1, 100, 12_000, 13_000, 32_000, 100_000];
const TEXTS = [
  "a",
  " ",
  "word ",
  "漢",
  "😀",
  "\n",
  "<|im_end|>",
  "<think>",
  "{{ messages }}",
  "\u0000",
  "é́",
];
const ROLES = ["user", "assistant", "system", "tool"] as const;

const text = fc
  .tuple(fc.constantFrom(...TEXTS), fc.constantFrom(...TEXT_LENGTHS))
  .map(([unit, length]) => unit.repeat(Math.ceil(length / unit.length)));

/** Bodies stay below a megabyte: the content matters here, not the size. */
const messages = fc
  .tuple(fc.constantFrom(...MESSAGE_COUNTS), fc.constantFrom(...ROLES), text)
  .map(([count, role, content]) => {
    const short = content.slice(0, Math.floor(500_000 / count));
    return Array.from({ length: count }, (_, index) =>
      index % 2 === 0 ? { role: "user", content: short } : messageOf(role, short),
    );
  });

function messageOf(role: (typeof ROLES)[number], content: string): object {
  return role === "tool" ? { role, content, tool_call_id: "call_1" } : { role, content };
}

const tools = fc
  .tuple(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 400 }))
  .map(([count, values]) =>
    Array.from({ length: count }, (_, index) => ({
      type: "function",
      function: {
        name: `tool_${index}`,
        parameters: { type: "object", properties: propertiesOf(values) },
      },
    })),
  );

function propertiesOf(count: number): object {
  const names = Array.from({ length: count }, (_, index) => `p${index}`);
  return Object.fromEntries(names.map((name) => [name, { type: "string", description: name }]));
}

export function hostilePrompts(): fc.Arbitrary<HttpRequest> {
  const limit = { max_tokens: 1 };
  return fc.oneof(
    messages.map((given) => post("/v1/chat/completions", { messages: given, ...limit })),
    fc
      .tuple(messages, tools)
      .map(([given, offered]) =>
        post("/v1/chat/completions", { messages: given.slice(0, 50), tools: offered, ...limit }),
      ),
    text.map((prompt) => post("/v1/completions", { prompt, ...limit })),
    fc
      .array(text, { minLength: 1, maxLength: 8 })
      .map((prompt) => post("/v1/completions", { prompt, ...limit })),
    fc
      .tuple(text, text)
      .map(([prefix, suffix]) => post("/infill", { input_prefix: prefix, input_suffix: suffix })),
    text.map((content) => post("/tokenize", { content })),
    messages.map((given) => post("/apply-template", { messages: given })),
    messages.map((given) => post("/v1/messages/count_tokens", { model: "m", messages: given })),
    messages.map((input) =>
      post("/v1/responses", { input, truncation: "auto", max_output_tokens: 1, store: false }),
    ),
  );
}

function post(target: string, body: object): HttpRequest {
  return {
    method: "POST",
    target,
    headers: { "content-type": "application/json" },
    body: Buffer.from(JSON.stringify(body)),
  };
}
