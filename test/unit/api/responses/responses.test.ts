// POST /v1/responses: bodies → requests, and answers → events and bodies.

import { describe, expect, test } from "vitest";
import type { ParseContext } from "../../../../src/api/dialect.ts";
import { openaiResponses } from "../../../../src/api/responses/responses.ts";
import { ServiceError } from "../../../../src/errors.ts";
import type { Prompt } from "../../../../src/generation/request.ts";
import {
  callDelta,
  choiceOf,
  ended,
  IDENTITY,
  RECEIPT,
  reasoningDelta,
  textDelta,
} from "../../../support/clients/receipts.ts";
import { compiled } from "../../../support/engines/compile-schemas.ts";

const CONTEXT: ParseContext = { defaultMaxTokens: null, allowsGrammar: false, randomSeed: () => 1 };
const FUNCTION = { type: "function", name: "f", parameters: { type: "object", properties: {} } };

function parse(body: object) {
  return compiled(openaiResponses.parse({ input: "Hi", ...body }, CONTEXT));
}

function promptOf(body: object): Extract<Prompt, { type: "messages" }> {
  const prompt = parse(body).requests[0]?.prompt;
  if (prompt?.type !== "messages") throw new Error("no messages");
  return prompt;
}

function refusalOf(body: object): ServiceError {
  try {
    parse(body);
  } catch (error) {
    if (error instanceof ServiceError) return error;
  }
  throw new Error("was not refused");
}

const encoder = (body: object = {}) => parse(body).encoder(IDENTITY);

describe("a request", () => {
  test("reads a string, with the instructions before it", () => {
    expect(promptOf({ instructions: "Be brief." }).messages).toEqual([
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hi" },
    ]);
  });

  test("merges reasoning, text and calls of one answer, and gives results their tool's name", () => {
    const input = [
      { type: null, role: "user", content: [{ type: "input_text", text: "Weather?" }] },
      {
        type: "reasoning",
        id: "rs_1",
        summary: [],
        content: [{ type: "reasoning_text", text: "Hm." }],
      },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "I look." }] },
      { type: "function_call", call_id: "c1", name: "f", arguments: '{"a":1}' },
      { type: "function_call_output", call_id: "c1", output: "sunny" },
    ];

    expect(promptOf({ input }).messages).toEqual([
      { role: "user", content: "Weather?" },
      {
        role: "assistant",
        content: "I look.",
        reasoning: "Hm.",
        toolCalls: [{ id: "c1", name: "f", arguments: { a: 1 } }],
      },
      { role: "tool", content: "sunny", toolCallId: "c1", name: "f" },
    ]);
  });

  test("begins a new answer with each further text or reasoning item", () => {
    const said = (text: string) => ({ role: "assistant", content: text });

    expect(promptOf({ input: [said("a"), said("b")] }).messages).toHaveLength(2);
  });

  test("reads functions in their flat form", () => {
    const { tools } = promptOf({ tools: [FUNCTION], tool_choice: { type: "function", name: "f" } });

    expect(tools).toMatchObject({ callable: ["f"], isRequired: true, isParallel: false });
    expect(tools?.tools[0]?.definition).toMatchObject({
      type: "function",
      function: { name: "f" },
    });
  });

  test.each([
    [{ input: [] }, "input"],
    [{ input: [{ type: "item_reference", id: "x" }] }, "input[0]"],
    [{ input: [{ role: "user", content: [{ type: "input_image" }] }] }, "input[0].content[0]"],
    [{ input: [{ type: "input_image" }] }, "input[0]"],
    [{ input: [{ type: "function_call", call_id: "c", name: "f" }] }, "input[0].arguments"],
    [{ input: [{ text: "a" }] }, "input[0]"],
    [{ previous_response_id: "resp_1" }, "previous_response_id"],
    [{ background: true }, "background"],
    [{ conversation: "c" }, "conversation"],
    [{ truncation: "always" }, "truncation"],
    [{ max_output_tokens: 0 }, "max_output_tokens"],
    [{ tools: [{ type: "web_search" }], tool_choice: { type: "web_search" } }, "tool_choice"],
    [{ tools: [{ type: "web_search" }], tool_choice: "required" }, "tool_choice"],
    [{ tools: [{ ...FUNCTION, name: "a b" }] }, "tools[0].name"],
    [{ tools: [FUNCTION, FUNCTION] }, "tools[1].name"],
    [
      { tools: [{ ...FUNCTION, strict: true, parameters: { type: "object", not: {} } }] },
      "tools[0].parameters.not",
    ],
    [{ tool_choice: { type: "function", name: "g" } }, "tool_choice"],
    [
      { text: { format: { type: "json_schema", name: "x", schema: { type: "string", not: {} } } } },
      "text.format.schema.not",
    ],
    [{ stream_options: { include_obfuscation: false } }, "stream_options"],
  ])("refuses %j, naming %s", (body, param) => {
    const refusal = refusalOf(body);

    expect(refusal.traits.status).toBe(400);
    expect(refusal.param).toBe(param);
  });
});

describe("a stored conversation", () => {
  const earlier = Array.from({ length: 12_000 }, (_, index) => ({
    ...{ type: "message", role: index % 2 === 0 ? "user" : "assistant", content: `${index}` },
  }));
  const goOn = (fields: object) =>
    openaiResponses.parse(
      { input: "And?", previous_response_id: "resp_1", ...fields },
      { ...CONTEXT, conversation: () => earlier },
    );

  test("is refused if it is too long to be prepared", () => {
    expect(() => goOn({})).toThrow(
      expect.objectContaining({
        code: "context_length_exceeded",
        param: "previous_response_id",
        message: expect.stringContaining("more than 5000 items"),
      }),
    );
  });

  test("is cut before it is prepared, if allowed", () => {
    const { requests, shorterForms = [] } = goOn({ truncation: "auto" });

    const lengthOf = ([request]: typeof requests) =>
      request?.prompt.type === "messages" ? request.prompt.messages.length : 0;
    expect(lengthOf(requests)).toBe(4_999);
    expect(shorterForms).toHaveLength(2_499);
    expect(lengthOf(shorterForms.at(-1)?.().requests ?? [])).toBe(1);
  });
});

describe("an answer", () => {
  const typesOf = (frames: readonly { readonly event?: string }[]) =>
    frames.map(({ event }) => event);

  test("streams each item from its beginning to its end, one after the other", () => {
    const encode = encoder();
    const frames = [
      ...encode.delta(0, reasoningDelta("Hm.")),
      ...encode.delta(0, textDelta("Let me ")),
      ...encode.delta(0, textDelta("see.")),
      ...encode.delta(0, callDelta(0, "f")),
      ...encode.delta(0, callDelta(0, null, "{}")),
      ...encode.finish(0, ended("tool-calls"), RECEIPT),
    ];

    expect(typesOf(frames)).toEqual([
      ...["response.created", "response.in_progress"],
      ...[
        "response.output_item.added",
        "response.content_part.added",
        "response.reasoning_text.delta",
      ],
      ...[
        "response.reasoning_text.done",
        "response.content_part.done",
        "response.output_item.done",
      ],
      ...["response.output_item.added", "response.content_part.added"],
      ...["response.output_text.delta", "response.output_text.delta"],
      ...["response.output_text.done", "response.content_part.done", "response.output_item.done"],
      ...["response.output_item.added", "response.function_call_arguments.delta"],
      ...["response.function_call_arguments.done", "response.output_item.done"],
      "response.completed",
    ]);
    const numbers = frames.map(
      ({ data }) => (JSON.parse(data) as { sequence_number: number }).sequence_number,
    );
    expect(numbers).toEqual(numbers.map((_, index) => index));
  });

  test("ends with the same response as a body", () => {
    const encode = encoder();
    encode.delta(0, reasoningDelta("Hm."));
    encode.delta(0, textDelta("Five."));
    const last = encode.finish(0, ended("stop"), RECEIPT).at(-1);

    const { response } = JSON.parse(last?.data ?? "") as { response: object };
    expect(response).toEqual(encoder().body([choiceOf("Five.", { reasoning: "Hm." })], RECEIPT));
  });

  test("is incomplete if a limit cut it off", () => {
    const body = encoder().body([choiceOf("Fi", { ending: ended("length") })], RECEIPT);

    expect(body).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      output: [
        { type: "message", status: "incomplete", content: [{ type: "output_text", text: "Fi" }] },
      ],
      usage: { input_tokens: 5, output_tokens: 6, total_tokens: 11 },
    });
  });
});
