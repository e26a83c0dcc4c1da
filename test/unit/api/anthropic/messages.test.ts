import { describe, expect, test } from "vitest";
import { anthropicCountTokens } from "../../../../src/api/anthropic/count-tokens.ts";
import { anthropicMessages } from "../../../../src/api/anthropic/messages.ts";
import { ServiceError } from "../../../../src/errors.ts";
import type { ModelInfo } from "../../../../src/generation/model-info.ts";
import type { AskedQuestion } from "../../../../src/generation/questions.ts";
import type { GenerateRequest } from "../../../../src/generation/request.ts";
import {
  type MessagesPrompt,
  PLAIN_PREPARED,
  PLAIN_REQUEST,
} from "../../../support/clients/requests.ts";
import { compiled, compiledTools } from "../../../support/engines/compile-schemas.ts";

const CONTEXT = { defaultMaxTokens: 7, allowsGrammar: false, randomSeed: () => 42 };
const body = (changes: object = {}) => ({
  max_tokens: 5,
  messages: [{ role: "user", content: "Hi" }],
  ...changes,
});
const parse = (changes: object = {}) => compiled(anthropicMessages.parse(body(changes), CONTEXT));

function requestOf(changes: object = {}): GenerateRequest {
  const [request] = parse(changes).requests;
  if (!request) throw new Error("no request");
  return request;
}

const promptOf = (changes: object) => requestOf(changes).prompt as MessagesPrompt;
const reasoningOf = (changes: object) => promptOf(changes).reasoning;

function refusalOf(changes: object): ServiceError {
  try {
    parse(changes);
  } catch (error) {
    if (error instanceof ServiceError) return error;
  }
  throw new Error("it was not refused");
}

const tool = (name: string, more: object = {}) => ({
  name,
  description: `does ${name}`,
  input_schema: { type: "object", properties: { a: { type: "string" } }, required: ["a"] },
  ...more,
});

describe("a request", () => {
  test("without options has Anthropic's defaults, and a random seed", () => {
    expect(requestOf()).toEqual({
      ...PLAIN_REQUEST,
      maxTokens: 5,
      sampling: { ...PLAIN_REQUEST.sampling, seed: 42 },
      prompt: {
        type: "messages",
        messages: [{ role: "user", content: "Hi" }],
        tools: null,
        continuesLast: false,
        reasoning: { effort: null, budgetTokens: null, isSeparate: true },
        variables: {},
      },
    });
  });

  test("reads sampling and stop strings under Anthropic's names", () => {
    const fields = { temperature: 0.5, top_p: 0.9, top_k: 40, stop_sequences: ["END", "\n\n"] };

    const { sampling, stop } = requestOf(fields);

    expect(sampling).toMatchObject({ temperature: 0.5, topP: 0.9, topK: 40 });
    expect(stop).toEqual(["END", "\n\n"]);
  });

  test("requests progress if streamed, because the first event states what was cached", () => {
    expect([requestOf({ stream: true }), requestOf()]).toMatchObject([
      { reportsProgress: true },
      { reportsProgress: false },
    ]);
    expect(parse({ stream: true })).toMatchObject({ isStreamed: true, flush: "token" });
  });

  test("continues a last message of the assistant", () => {
    const messages = [...body().messages, { role: "assistant", content: "Well, " }];

    expect(promptOf({ messages })).toMatchObject({
      continuesLast: true,
      messages: [{ role: "user" }, { role: "assistant", content: "Well, " }],
    });
  });

  test("accepts fields that change no answer", () => {
    const cached = { cache_control: { type: "ephemeral" } };
    const { ignoredParams } = parse({
      ...cached,
      metadata: { user_id: "u" },
      service_tier: "auto",
      mcp_servers: [],
      container: null,
      context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
      system: [{ type: "text", text: "Be brief.", ...cached }],
      tools: [tool("f", { ...cached, type: "custom" })],
      messages: [{ role: "user", content: [{ type: "text", text: "Hi", ...cached }] }],
    });

    expect(ignoredParams).toEqual([]);
  });

  test("lists unknown fields at any depth", () => {
    const messages = [{ role: "user", content: [{ type: "text", text: "Hi", color: "red" }] }];

    expect(parse({ messages, seed: 5 }).ignoredParams).toEqual([
      "messages[].content[].color",
      "seed",
    ]);
  });
});

describe("thinking", () => {
  test.each([
    ["enabled", { type: "enabled", budget_tokens: 1024 }, "medium", 1024],
    ["disabled", { type: "disabled" }, "none", null],
    ["adaptive", { type: "adaptive" }, null, null],
  ] as const)("%s means the effort %s", (_name, thinking, effort, budgetTokens) => {
    expect(reasoningOf({ thinking })).toEqual({ effort, budgetTokens, isSeparate: true });
  });

  test("uses the effort of output_config unless thinking is disabled", () => {
    const withEffort = (effort: string, thinking: object | null = null) =>
      reasoningOf({ output_config: { effort }, thinking }).effort;

    expect(withEffort("low")).toBe("low");
    expect(withEffort("max", { type: "adaptive" })).toBe("xhigh");
    expect(withEffort("high", { type: "enabled", budget_tokens: 9 })).toBe("high");
    expect(withEffort("high", { type: "disabled" })).toBe("none");
  });
});

test.each([
  [{ thinking: { type: "adaptive" } }, ["thinking"]],
  [{ thinking: { type: "enabled", budget_tokens: 9 } }, ["thinking", "thinking.budget_tokens"]],
  [{ thinking: { type: "disabled" } }, []],
  [{ output_config: { effort: "high" } }, ["output_config.effort"]],
  [{ output_config: { effort: "extreme" } }, ["output_config.effort"]],
  [{ output_config: { effort: "high" }, thinking: { type: "disabled" } }, ["output_config.effort"]],
])("a model that does not reason leaves out of %j the fields %j", (fields, left) => {
  const model = { canSwitchReasoning: false, reasoningFormat: null } as unknown as ModelInfo;
  const { wishes = [] } = parse(fields);

  expect(wishes.filter((wish) => !wish.isMetBy(model)).map(({ field }) => field)).toEqual(left);
});

describe("tools", () => {
  test("are passed to the template in OpenAI's form", () => {
    const { tools } = promptOf({ tools: [tool("f", { input_examples: [{ a: "b" }] })] });

    const parameters = tool("f").input_schema;
    expect(tools).toMatchObject({
      tools: [
        {
          name: "f",
          definition: {
            type: "function",
            function: {
              name: "f",
              description: "does f",
              parameters: { ...parameters, examples: [{ a: "b" }] },
            },
          },
          rule: "tool0-arguments",
        },
      ],
      rules: compiledTools({ f: parameters }).rules,
      callable: ["f"],
      isRequired: false,
      isParallel: true,
    });
  });

  test.each([
    [{ type: "auto" }, ["f", "g"], false, true],
    [{ type: "auto", disable_parallel_tool_use: true }, ["f", "g"], false, false],
    [{ type: "any" }, ["f", "g"], true, true],
    [{ type: "tool", name: "g" }, ["g"], true, false],
    [{ type: "tool", name: "g", disable_parallel_tool_use: null }, ["g"], true, false],
    [{ type: "tool", name: "g", disable_parallel_tool_use: true }, ["g"], true, false],
    [{ type: "tool", name: "g", disable_parallel_tool_use: false }, ["g"], true, true],
  ] as const)("with tool_choice %j", (tool_choice, callable, isRequired, isParallel) => {
    const { tools } = promptOf({ tools: [tool("f"), tool("g")], tool_choice });

    expect(tools).toMatchObject({ callable, isRequired, isParallel });
  });

  test("are not passed to the template with tool_choice none", () => {
    expect(promptOf({ tools: [tool("f")], tool_choice: { type: "none" } }).tools).toBeNull();
  });

  test("that are not strict lose keywords that cannot be enforced, which are listed", () => {
    const input_schema = { type: "object", properties: { a: { uniqueItems: true } } };

    const { ignoredParams } = parse({ tools: [tool("f", { input_schema })] });

    expect(ignoredParams).toEqual(["tools[0].input_schema.properties.a.uniqueItems"]);
    expect(refusalOf({ tools: [tool("f", { input_schema, strict: true })] })).toMatchObject({
      code: "unsupported_schema",
      param: "tools[0].input_schema.properties.a.uniqueItems",
    });
  });
});

describe("structured output", () => {
  const schema = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };
  const format = { type: "json_schema", schema };

  test.each([
    ["output_config.format", { output_config: { format } }],
    ["output_format", { output_format: format }],
  ])("uses the schema of %s", (_name, fields) => {
    expect(requestOf(fields).grammar).toContain("root ::=");
  });

  test("is refused if requested twice", () => {
    const twice = { output_config: { format }, output_format: format };
    const wrong = { output_config: { format: { ...format, schema: { not: {} } } } };

    expect(refusalOf(twice)).toMatchObject({ param: "output_format" });
    expect(refusalOf(wrong)).toMatchObject({ param: "output_config.format.schema.not" });
  });
});

test.each([
  [401, "invalid_api_key", "authentication_error"],
  [404, "model_not_found", "not_found_error"],
  [405, "method_not_allowed", "invalid_request_error"],
  [413, "body_too_large", "request_too_large"],
  [429, "queue_full", "rate_limit_error"],
  [500, "generation_failed", "api_error"],
  [503, "draining", "overloaded_error"],
  [504, "request_timeout", "timeout_error"],
] as const)("an error with status %i, %s, has the type %s", (status, code, type) => {
  const error = new ServiceError(code, "words");

  expect(error.traits.status).toBe(status);
  expect(anthropicMessages.encodeError(error, "r1")).toEqual({
    type: "error",
    error: { type, message: "words", param: null, code },
    request_id: "r1",
  });
});

test("count_tokens prepares the prompt without max_tokens, and returns its length", async () => {
  const { max_tokens: _, ...asked } = body({ model: "m" });
  const asks: AskedQuestion[] = [];

  const { model, answer } = anthropicCountTokens.parse(asked, CONTEXT);
  const counted = await answer(async (question) => {
    asks.push(question);
    return PLAIN_PREPARED as never; // the answer to the only question that comes
  });

  expect([model, counted]).toEqual(["m", { input_tokens: 3 }]);
  expect(asks).toMatchObject([{ type: "prepare", request: { maxTokens: null } }]);
});

test("refuses a stored conversation with the error that makes SDKs continue without one", () => {
  const refused = refusalOf({ thread: { type: "create" } });

  expect(refused).toMatchObject({ code: "unsupported_parameter", param: "thread" });
  expect(anthropicMessages.encodeError(refused, "r1")).toMatchObject({
    error: { details: { error_code: "thread_unsupported_request" } },
  });
});
