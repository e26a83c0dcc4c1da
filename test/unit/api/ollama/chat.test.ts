// POST /api/chat and /api/generate: bodies → requests.

import { describe, expect, test } from "vitest";
import type { ParseContext } from "../../../../src/api/dialect.ts";
import { ollamaChat } from "../../../../src/api/ollama/chat.ts";
import { ollamaGenerate } from "../../../../src/api/ollama/generate.ts";
import type { AskedRequest, GenerateRequest } from "../../../../src/generation/request.ts";
import { IDENTITY } from "../../../support/clients/receipts.ts";
import type { MessagesPrompt } from "../../../support/clients/requests.ts";
import { compiled } from "../../../support/engines/compile-schemas.ts";

const CONTEXT: ParseContext = {
  defaultMaxTokens: 50,
  allowsGrammar: false,
  randomSeed: () => 3,
};
const user = { role: "user", content: "Hi" };
const call = { function: { name: "weather", arguments: { city: "Oslo" } } };
const tool = {
  type: "function",
  function: { name: "weather", description: "Of a city", parameters: { type: "object" } },
};

const parseChat = (changes: object = {}) =>
  compiled(ollamaChat.parse({ model: "m", messages: [user], ...changes }, CONTEXT));
const parseGenerate = (changes: object = {}) =>
  compiled(ollamaGenerate.parse({ model: "m", prompt: "Hi", ...changes }, CONTEXT));

function only<R extends AskedRequest | GenerateRequest>({
  requests: [request],
}: {
  readonly requests: readonly R[];
}): R {
  if (!request) throw new Error("there is no request");
  return request;
}

const chat = (changes: object = {}) => only(parseChat(changes));
const generate = (changes: object = {}) => only(parseGenerate(changes));

describe("options", () => {
  test("have Ollama's defaults", () => {
    const { sampling, maxTokens, stop } = chat();

    expect(sampling).toEqual({
      ...{ temperature: 0.8, topK: 40, topP: 0.9, minP: 0, repeatPenalty: 1.1, seed: 3 },
      ...{ presencePenalty: 0, frequencyPenalty: 0, penaltyTokens: 64, logitBias: [] },
    });
    expect([maxTokens, stop]).toEqual([50, []]);
    expect(parseChat().isStreamed).toBe(true);
  });

  test("set the sampling parameters", () => {
    const options = {
      ...{ temperature: 0, top_k: 5, top_p: 0.5, min_p: 0.1, repeat_penalty: 1, seed: -2 },
      ...{ presence_penalty: 1, frequency_penalty: -1, num_predict: 7, stop: ["a", "b"] },
      repeat_last_n: -1,
    };

    const { sampling, maxTokens, stop } = generate({ options });

    expect(sampling).toEqual({
      ...{ temperature: 0, topK: 5, topP: 0.5, minP: 0.1, repeatPenalty: 1, seed: 2 ** 32 - 3 },
      ...{ presencePenalty: 1, frequencyPenalty: -1, logitBias: [] },
      penaltyTokens: Number.MAX_SAFE_INTEGER,
    });
    expect([maxTokens, stop]).toEqual([7, ["a", "b"]]);
  });

  test("that should be whole lose their fraction, as in Ollama", () => {
    const options = { top_k: -1.5, seed: 5.9, num_predict: 7.5, repeat_last_n: 8.5, num_ctx: 9.5 };

    const { sampling, maxTokens } = chat({ options });

    expect(sampling).toMatchObject({ topK: 0, seed: 5, penaltyTokens: 8 });
    expect(maxTokens).toBe(7);
  });

  test.each([0, -1, -2])("num_predict %d means no limit", (num_predict) => {
    expect(chat({ options: { num_predict } }).maxTokens).toBeNull();
  });

  test("for loading the model change nothing, and are not listed as unknown", () => {
    const options = {
      ...{ num_ctx: 2048, num_gpu: 99, num_thread: 4, num_batch: 512, main_gpu: 0, numa: true },
      ...{ use_mmap: true, use_mlock: false, low_vram: false, f16_kv: true, logits_all: false },
      ...{ num_keep: 4, mirostat: 0, mirostat_tau: 5, mirostat_eta: 0.1, repeat_last_n: 64 },
      ...{ typical_p: 1, tfs_z: 1, penalize_newline: true, vocab_only: false },
    };

    const parsed = parseChat({ options, keep_alive: "5m" });

    expect(only(parsed)).toEqual(chat());
    expect(parsed.ignoredParams).toEqual([]);
  });

  test("that are unknown are listed with their path", () => {
    expect(parseChat({ options: { num_gqa: 8 }, zzz: 1 }).ignoredParams).toEqual([
      "options.num_gqa",
      "zzz",
    ]);
  });
});

describe("tools", () => {
  const named = { type: "function", function: { name: "weather" } };
  const toolUse = (tool_choice: unknown) =>
    (chat({ tools: [tool], tool_choice }).prompt as MessagesPrompt).tools;

  test("must be called if the client says so", () => {
    expect(toolUse("required")).toMatchObject({ callable: ["weather"], isRequired: true });
    expect(toolUse(named)).toMatchObject({ callable: ["weather"], isRequired: true });
    expect(toolUse("auto")).toMatchObject({ callable: ["weather"], isRequired: false });
    expect(toolUse("none")).toBeNull();
    const allowed_tools = { mode: "required", tools: [named] };
    expect(toolUse({ type: "allowed_tools", allowed_tools })).toMatchObject({ isRequired: true });
  });

  test("need no type", () => {
    const { type: _type, ...untyped } = tool;

    expect(chat({ tools: [untyped] }).prompt).toEqual(chat({ tools: [tool] }).prompt);
  });

  test("that the client does not run are left out and named", () => {
    const { requests, ignoredParams } = parseChat({ tools: [{ type: "web_search" }, tool] });

    expect(requests[0]?.prompt).toMatchObject({ tools: { callable: ["weather"] } });
    expect(ignoredParams).toEqual(["tools[0]"]);
  });
});

describe("messages", () => {
  test("that the client cannot change any more may have images and any arguments", () => {
    const images = ["aGk="];
    const cut = { function: { name: "weather", arguments: '{"ci' } };
    const { prompt } = chat({
      messages: [
        user,
        { role: "assistant", content: "Look", images, tool_calls: [cut] },
        { role: "tool", content: "sunny", tool_name: "weather", images: [...images, ...images] },
      ],
    });

    const note = "[an image that this model cannot see]";
    expect((prompt as MessagesPrompt).messages.slice(1)).toMatchObject([
      { content: `Look\n${note}`, toolCalls: [{ arguments: { arguments: '{"ci' } }] },
      { content: `sunny\n${note}\n${note}` },
    ]);
  });

  test("are read with reasoning, calls, and the results of the calls", () => {
    const { prompt } = chat({
      tools: [tool],
      messages: [
        { role: "system", content: "Be brief." },
        user,
        { role: "assistant", thinking: "Hm", tool_calls: [call, { ...call, id: "own" }] },
        { role: "tool", content: "second", tool_call_id: "own" },
        { role: "tool", content: "first", tool_name: "weather" },
        { role: "tool", content: "stray", tool_name: "clock" },
      ],
    });

    const called = { name: "weather", arguments: { city: "Oslo" } };
    expect(prompt).toMatchObject({
      continuesLast: false,
      tools: { callable: ["weather"], isRequired: false, isParallel: true },
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hi" },
        {
          ...{ role: "assistant", content: "", reasoning: "Hm" },
          toolCalls: [
            { id: "call_0", ...called },
            { id: "own", ...called },
          ],
        },
        { role: "tool", content: "second", toolCallId: "own", name: "weather" },
        { role: "tool", content: "first", toolCallId: "call_0", name: "weather" },
        { role: "tool", content: "stray", toolCallId: null, name: "clock" },
      ],
    });
  });

  test("that end with the assistant's are continued", () => {
    const { prompt } = chat({ messages: [user, { role: "assistant", content: "Well" }] });

    expect(prompt).toMatchObject({ continuesLast: true });
  });

  test("are shortened by whole turns if the client allows it", () => {
    const system = { role: "system", content: "S" };
    const turns = ["1", "2", "3"].flatMap((content) => [
      { role: "user", content },
      { role: "assistant", content: "A" },
    ]);
    const messages = [system, ...turns.slice(0, -1)];

    const { shorterForms = [] } = parseChat({ messages, truncate: true });

    const forms = shorterForms.map((form) => only(form()).prompt);
    const contents = forms.map((prompt) =>
      prompt.type === "messages" ? prompt.messages.map(({ content }) => content).join("") : "",
    );
    expect(contents).toEqual(["S2A3", "S3"]);
    expect(parseChat({ messages }).shorterForms).toEqual([]);
  });
});

test("refuses keywords that cannot be enforced in a strict tool, and lists them for other tools", () => {
  const parameters = { type: "object", properties: { a: { type: "array", uniqueItems: true } } };
  const tools = (strict: boolean) => [
    { type: "function", function: { name: "f", parameters, strict } },
  ];
  const keyword = "tools[0].function.parameters.properties.a.uniqueItems";

  expect(parseChat({ tools: tools(false) }).ignoredParams).toEqual([keyword]);
  expect(() => chat({ tools: tools(true) })).toThrow(
    expect.objectContaining({ code: "unsupported_schema", param: keyword }),
  );
});

test.each([
  [undefined, null],
  [false, "none"],
  [true, "medium"],
  ["low", "low"],
  ["max", "xhigh"],
])("think %s means the effort %s", (think, effort) => {
  const reasoning = { effort, budgetTokens: null, isSeparate: true };

  expect(chat({ think }).prompt).toMatchObject({ reasoning });
  expect(generate({ think }).prompt).toMatchObject({ reasoning });
});

test("format constrains the answer to JSON, or to a schema", () => {
  const schema = { type: "object", properties: { a: { const: 5 } } };

  expect(chat({ format: "" }).grammar).toBeNull();
  expect(chat({ format: "json" }).grammar).toContain("root ::=");
  expect(generate({ format: schema }).grammar).toContain("5");
});

test("returns logprobs with the requested number of alternatives", () => {
  const wish = { logprobs: true, top_logprobs: 2 };

  expect(chat(wish).logprobs).toEqual({ alternatives: 2, includesPrompt: false });
  expect(generate(wish).logprobs).toEqual({ alternatives: 2, includesPrompt: false });
  expect(() => chat({ top_logprobs: 2 })).toThrow("requires logprobs: true");
});

describe("generate", () => {
  test("sends one question after the system message", () => {
    expect(generate({ system: "Be brief." }).prompt).toMatchObject({
      type: "messages",
      messages: [{ role: "system", content: "Be brief." }, user],
      tools: null,
    });
  });

  test("continues a raw text, or fills in the middle", () => {
    expect(generate({ raw: true }).prompt).toEqual({ type: "text", text: "Hi" });
    expect(generate({ suffix: "there" }).prompt).toEqual({
      ...{ type: "infill", prefix: "Hi", suffix: "there" },
    });
  });
});

test.each([
  ["no messages", () => parseChat({ messages: [] }), "load"],
  ["messages that are null", () => parseChat({ messages: null, keep_alive: -1 }), "load"],
  ["no prompt", () => parseGenerate({ prompt: "" }), "load"],
  ["no prompt, for no time", () => parseGenerate({ prompt: "", keep_alive: 0 }), "unload"],
  ["no prompt, for 5 minutes", () => parseGenerate({ prompt: "", keep_alive: "05m" }), "load"],
  ["no prompt, for 0 seconds", () => parseGenerate({ prompt: "", keep_alive: "0s" }), "unload"],
])("%s only asks to %s", (_what, parse, done_reason) => {
  const { requests, modelAction } = parse();

  expect(requests).toEqual([]);
  expect(modelAction).toMatchObject({ type: done_reason, field: "keep_alive" });
  expect(modelAction?.body(IDENTITY)).toMatchObject({ model: "tiny", done: true, done_reason });
});

test.each([
  ["a hosted tool", { tools: [{ type: "web_search" }, tool] }, ["tools[0]"]],
  ["a choice that there is not", { tools: [tool], tool_choice: "some" }, ["tool_choice"]],
])("leaves out and names %s", (_what, fields, ignored) => {
  const parsed = parseChat(fields);

  expect(parsed.ignoredParams).toEqual(ignored);
  expect(only(parsed).prompt).toMatchObject({ tools: { callable: ["weather"] } });
});

test("numbers beyond a limit do what the limit does", () => {
  const options = { temperature: -1, top_p: 1.5, min_p: -1, num_ctx: -1, presence_penalty: 3 };

  expect(chat({ options }).sampling).toMatchObject({
    ...{ temperature: 0, topP: 1, minP: 0, presencePenalty: 3 },
  });
});
