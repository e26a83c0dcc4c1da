// Fields that wish for something: left out and named in x-ignored-params if the server or the model cannot grant them, and
// refused under --strict. Fields with another name say the same as ours.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { post } from "../../support/clients/sse-client.ts";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

type Running = Awaited<ReturnType<typeof startWithFake>>;

const CANNOT_REASON = { canSwitchReasoning: false, reasoningFormat: null };

let plain: Running;
let reasoning: Running;
let strict: RunningService;
beforeAll(async () => {
  plain = await startWithFake({ model: CANNOT_REASON });
  reasoning = await startWithFake();
  strict = await startWithFake({ model: CANNOT_REASON }, { strict: true });
});
afterAll(async () => {
  await Promise.all([plain, reasoning, strict].map((each) => each.close()));
});

const user = { role: "user", content: "Hi" };
const CHAT = "/v1/chat/completions";
const RESPONSES = "/v1/responses";
const MESSAGES = "/v1/messages";
const COUNT = "/v1/messages/count_tokens";
const GEMINI = "/v1beta/models/builtin:generateContent";
const OLLAMA = "/api/chat";
const BODIES: Readonly<Record<string, object>> = {
  [CHAT]: { messages: [user] },
  "/v1/completions": { prompt: "Hi" },
  "/infill": { input_prefix: "a", input_suffix: "b" },
  [RESPONSES]: { input: "Hi" },
  [MESSAGES]: { messages: [user], max_tokens: 5 },
  [COUNT]: { messages: [user] },
  [GEMINI]: { contents: [{ parts: [{ text: "Hi" }] }] },
  [OLLAMA]: { model: "builtin", messages: [user], stream: false },
  "/api/generate": { model: "builtin", prompt: "Hi", stream: false },
};

async function ask(on: RunningService, path: string, fields: object) {
  const response = await post(on.url + path, { ...BODIES[path], ...fields });
  await response.text();
  return { status: response.status, ignored: response.headers.get("x-ignored-params") };
}

/** With the body's own field name of what is wished for. */
const WISHES: readonly (readonly [path: string, fields: object, ignored: string])[] = [
  [CHAT, { verbosity: "low" }, "verbosity"],
  [CHAT, { prediction: { type: "content", content: "a" } }, "prediction"],
  [CHAT, { web_search_options: { a: 1 } }, "web_search_options"],
  [CHAT, { service_tier: "priority" }, "service_tier"],
  [CHAT, { mirostat: 2 }, "mirostat"],
  ["/v1/completions", { typical_p: 0.5, service_tier: "scale" }, "typical_p, service_tier"],
  ["/v1/completions", { reasoning_effort: "low" }, "reasoning_effort"],
  ["/infill", { samplers: ["top_k"] }, "samplers"],
  [RESPONSES, { text: { verbosity: "low" } }, "text.verbosity"],
  [RESPONSES, { max_tool_calls: 1, return_progress: true }, "return_progress, max_tool_calls"],
  [MESSAGES, { service_tier: "priority" }, "service_tier"],
  [MESSAGES, { mcp_servers: [{ type: "url", url: "http://a" }] }, "mcp_servers"],
  [
    MESSAGES,
    { context_management: { edits: [{ type: "clear_tool_uses_20250919" }] } },
    "context_management",
  ],
  [OLLAMA, { options: { typical_p: 0.5, mirostat: 2 } }, "options.typical_p, options.mirostat"],
  [OLLAMA, { options: { num_ctx: 1_000_000 } }, "options.num_ctx"],
  [OLLAMA, { temperature: 1, max_tokens: 5, shift: true }, "temperature, max_tokens, shift"],
  ["/api/generate", { options: { tfs_z: 0.5, num_ctx: 4097 } }, "options.tfs_z, options.num_ctx"],
];

describe("a wish that the server never grants is named", () => {
  test.each(WISHES)("%s %j", async (path, fields, ignored) => {
    const answer = await ask(reasoning, path, fields);

    expect(answer.status).toBe(200);
    expect(answer.ignored?.split(", ").sort()).toEqual(ignored.split(", ").sort());
  });
});

/** Each asks for reasoning. */
const REASONING: typeof WISHES = [
  [CHAT, { reasoning_effort: "medium" }, "reasoning_effort"],
  [CHAT, { reasoning: { effort: "high" } }, "reasoning.effort"],
  [CHAT, { reasoning: { enabled: true } }, "reasoning.enabled"],
  [CHAT, { thinking: { type: "enabled", budget_tokens: 9 } }, "thinking, thinking.budget_tokens"],
  [CHAT, { think: "max" }, "think"],
  [CHAT, { thinking: true }, "thinking"],
  [CHAT, { enable_thinking: true }, "enable_thinking"],
  [CHAT, { chat_template_kwargs: { thinking: true } }, "chat_template_kwargs.thinking"],
  [CHAT, { thinking_budget_tokens: 100 }, "thinking_budget_tokens"],
  [RESPONSES, { reasoning: { effort: "xhigh" } }, "reasoning.effort"],
  [RESPONSES, { reasoning_effort: "low" }, "reasoning_effort"],
  [MESSAGES, { output_config: { effort: "max" } }, "output_config.effort"],
  [
    MESSAGES,
    { thinking: { type: "enabled", budget_tokens: 9 } },
    "thinking, thinking.budget_tokens",
  ],
  [MESSAGES, { thinking: { type: "adaptive" } }, "thinking"],
  [COUNT, { output_config: { effort: "low" } }, "output_config.effort"],
  [
    GEMINI,
    { generationConfig: { thinkingConfig: { thinkingLevel: "HIGH" } } },
    "generationConfig.thinkingConfig.thinkingLevel",
  ],
  [
    GEMINI,
    { generationConfig: { thinkingConfig: { thinkingBudget: 10 } } },
    "generationConfig.thinkingConfig.thinkingBudget",
  ],
  [OLLAMA, { think: true }, "think"],
  ["/api/generate", { think: "high" }, "think"],
];

describe("reasoning that a model cannot switch on is named", () => {
  test.each(REASONING)("%s %j", async (path, fields, ignored) => {
    expect(await ask(plain, path, fields)).toEqual({ status: 200, ignored });
    expect(await ask(strict, path, fields)).toEqual({ status: 400, ignored: null });
  });

  test.each(REASONING.filter(([, fields]) => !("chat_template_kwargs" in fields)))(
    "but granted by a model that can: %s %j",
    async (path, fields) => {
      expect(await ask(reasoning, path, fields)).toEqual({ status: 200, ignored: null });
    },
  );
});

test.each([
  [CHAT, { reasoning_effort: "none" }],
  [CHAT, { enable_thinking: false, think: false, reasoning: { enabled: false } }],
  [CHAT, { thinking: { type: "disabled" }, chat_template_kwargs: { enable_thinking: false } }],
  [MESSAGES, { thinking: { type: "disabled" } }],
  [GEMINI, { generationConfig: { thinkingConfig: { thinkingBudget: 0 } } }],
  [OLLAMA, { think: false }],
])("a model that does not reason grants no reasoning: %s %j", async (path, fields) => {
  expect(await ask(strict, path, fields)).toEqual({ status: 200, ignored: null });
});

test("an unknown variable of the template is named", async () => {
  const fields = { chat_template_kwargs: { tone: "formal", enable_thinking: true } };

  expect((await ask(reasoning, CHAT, fields)).ignored).toBe("chat_template_kwargs.tone");
});

test.each([
  [{ repetition_penalty: 1.5 }, { sampling: { repeatPenalty: 1.5 } }],
  [{ n_predict: 7 }, { maxTokens: 7 }],
  [{ max_output_tokens: 7, max_tokens: 7 }, { maxTokens: 7 }],
  [{ think: "max" }, { prompt: { reasoning: { effort: "xhigh" } } }],
  [{ enable_thinking: true }, { prompt: { reasoning: { effort: "medium" } } }],
  [
    { thinking: { type: "enabled", budget_tokens: 9 } },
    { prompt: { reasoning: { budgetTokens: 9 } } },
  ],
  [{ reasoning: { max_tokens: 5 } }, { prompt: { reasoning: { budgetTokens: 5 } } }],
])("%j says the same as a field of ours", async (fields, expected) => {
  expect(await ask(reasoning, CHAT, fields)).toEqual({ status: 200, ignored: null });
  expect(reasoning.engine.requests.at(-1)).toMatchObject(expected);
});

test("two names of one field with different values are refused", async () => {
  expect(await ask(reasoning, CHAT, { n_predict: 7, max_tokens: 8 })).toMatchObject({
    status: 400,
  });
});

test("of two fields that contradict each other the more specific one counts, and the other is named", async () => {
  const fields = { enable_thinking: false, reasoning_effort: "high" };

  expect(await ask(reasoning, CHAT, fields)).toEqual({ status: 200, ignored: "enable_thinking" });
  expect(reasoning.engine.requests.at(-1)).toMatchObject({
    prompt: { reasoning: { effort: "high" } },
  });
});
