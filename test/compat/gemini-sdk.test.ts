// The official Google Gen AI SDK as the judge: its own chats, parsers and error class read the answers.

import {
  ApiError,
  FunctionCallingConfigMode,
  type GenerateContentResponse,
  GoogleGenAI,
  ThinkingLevel,
  Type,
} from "@google/genai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningService, startWithModel, until } from "../support/start-service.ts";

const MODEL = "gemini-2.5-flash";
const KEY = "key";
let running: RunningService;
let ai: GoogleGenAI;
beforeAll(async () => {
  running = await startWithModel({ threads: 1, alias: [MODEL], apiKey: [KEY] });
  ai = clientWith(KEY);
});
afterAll(async () => running.close());

function clientWith(apiKey: string, apiVersion = "v1beta"): GoogleGenAI {
  return new GoogleGenAI({ apiKey, apiVersion, httpOptions: { baseUrl: running.url } });
}

const config = { temperature: 0, maxOutputTokens: 60 };
const plain = { model: MODEL, contents: "What is streaming?", config };
const weather = {
  name: "get_weather",
  description: "Get the weather of a city",
  parameters: {
    type: Type.OBJECT,
    properties: { city: { type: Type.STRING } },
    required: ["city"],
  },
};
const withWeather = (mode: FunctionCallingConfigMode) => ({
  ...config,
  maxOutputTokens: 120,
  tools: [{ functionDeclarations: [weather] }],
  toolConfig: { functionCallingConfig: { mode, allowedFunctionNames: ["get_weather"] } },
});
const weatherQuestion = "What is the weather in Paris?";

async function collected(stream: AsyncGenerator<GenerateContentResponse>) {
  const chunks: GenerateContentResponse[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

describe("generateContent()", () => {
  test("returns text, finish reason and usage", async () => {
    const answer = await ai.models.generateContent({
      ...plain,
      config: { ...config, systemInstruction: "Be brief." },
    });

    expect(answer.text).toBeTruthy();
    expect(answer.modelVersion).toBe(MODEL);
    expect(answer.responseId).toBeTruthy();
    expect(answer.candidates?.[0]).toMatchObject({ finishReason: "STOP", index: 0 });
    const { promptTokenCount = 0, candidatesTokenCount = 0 } = answer.usageMetadata ?? {};
    expect(promptTokenCount).toBeGreaterThan(0);
    expect(answer.usageMetadata?.totalTokenCount).toBe(promptTokenCount + candidatesTokenCount);
  });

  test("stops at maxOutputTokens and at a stop sequence", async () => {
    const short = await ai.models.generateContent({
      ...plain,
      config: { ...config, maxOutputTokens: 2 },
    });
    const stopped = await ai.models.generateContent({
      ...plain,
      config: { ...config, stopSequences: ["zzz", " is"] },
    });

    expect(short.candidates?.[0]?.finishReason).toBe("MAX_TOKENS");
    expect(short.usageMetadata?.candidatesTokenCount).toBe(2);
    expect(stopped.candidates?.[0]?.finishReason).toBe("STOP");
    expect(stopped.text).not.toContain(" is");
  });

  test("returns the requested number of candidates, with logprobs", async () => {
    const { candidates = [] } = await ai.models.generateContent({
      ...plain,
      config: {
        ...{ maxOutputTokens: 4, candidateCount: 2, responseLogprobs: true, logprobs: 2 },
        ...{ temperature: 1, topP: 0.9, topK: 40, seed: 7 },
        ...{ presencePenalty: 0.1, frequencyPenalty: 0.1 },
      },
    });

    expect(candidates.map(({ index }) => index)).toEqual([0, 1]);
    for (const { avgLogprobs, logprobsResult } of candidates) {
      expect(avgLogprobs).toBeLessThanOrEqual(0);
      expect(logprobsResult?.topCandidates?.[0]?.candidates).toHaveLength(2);
    }
  });

  test("answers below /v1 too", async () => {
    const stable = clientWith(KEY, "v1");
    const short = { ...plain, config: { ...config, maxOutputTokens: 2 } };

    const { text } = await stable.models.generateContent(short);
    const chunks = await collected(await stable.models.generateContentStream(short));

    expect(chunks.map((chunk) => chunk.text).join("")).toBe(text);
  });
});

describe("generateContentStream()", () => {
  test("streams the same text in chunks, with the usage in the last one", async () => {
    const chunks = await collected(await ai.models.generateContentStream(plain));

    const whole = await ai.models.generateContent(plain);
    expect(chunks.length).toBeGreaterThan(2);
    expect(chunks.map(({ text }) => text).join("")).toBe(whole.text);
    expect(new Set(chunks.map(({ responseId }) => responseId)).size).toBe(1);
    const last = chunks.at(-1);
    expect(last?.candidates?.[0]?.finishReason).toBe("STOP");
    expect(last?.usageMetadata?.totalTokenCount).toBe(whole.usageMetadata?.totalTokenCount);
  });

  test("ignores the wait status of a queued request", async () => {
    const slow = await startWithModel({ threads: 1, alias: [MODEL], slots: 1, heartbeatMs: 20 });
    const client = new GoogleGenAI({ apiKey: "any", httpOptions: { baseUrl: slow.url } });
    const short = { ...plain, config: { ...config, maxOutputTokens: 5 } };

    const [first, second] = await Promise.all(
      [plain, short].map(async (wish) =>
        collected(await client.models.generateContentStream(wish)),
      ),
    );

    expect(first?.at(-1)?.candidates?.[0]?.finishReason).toBe("STOP");
    expect(second?.at(-1)?.candidates?.[0]?.finishReason).toBe("MAX_TOKENS");
    await slow.close();
  });

  test("leaving the stream frees its slot", async () => {
    const leaving = new AbortController();
    const stream = await ai.models.generateContentStream({
      ...plain,
      config: {
        ...{ maxOutputTokens: 4000, abortSignal: leaving.signal },
        ...{ responseMimeType: "application/json", responseJsonSchema: endless },
      },
    });
    await stream.next();

    leaving.abort();

    await expect(collected(stream)).rejects.toThrow();
    await until(() => running.service.queue.inside === 0, "it has left");
  });
});

/** The only answer that matches this schema. */
const endless = { type: "array", items: { type: "integer" }, minItems: 1000 };

describe("chats", () => {
  test("keep the conversation, buffered and streamed", async () => {
    const chat = ai.chats.create({ model: MODEL, config });

    const first = await chat.sendMessage({ message: "What is streaming?" });
    const second = await collected(await chat.sendMessageStream({ message: "And a token?" }));

    const history = chat.getHistory(true);
    expect(history[1]?.parts?.[0]?.text).toBe(first.text);
    expect(history.length).toBeGreaterThan(4); // a streamed answer is as many contents as it had chunks
    const third = await chat.sendMessage({ message: "Thanks." });
    expect(third.usageMetadata?.promptTokenCount).toBeGreaterThan(
      second.at(-1)?.usageMetadata?.promptTokenCount ?? Number.POSITIVE_INFINITY,
    );
  });

  test("continue an answer that the model has begun", async () => {
    const begun = "A streamed answer is";
    const { text } = await ai.models.generateContent({
      ...plain,
      contents: [
        { role: "user", parts: [{ text: "What is streaming?" }] },
        { role: "model", parts: [{ text: begun }] },
      ],
    });

    expect(text).toBeTruthy();
    expect(text).not.toContain(begun);
  });
});

describe("functions", () => {
  test("a call gets its response, and the model uses it in its answer", async () => {
    const mode = FunctionCallingConfigMode.AUTO;
    const chat = ai.chats.create({ model: MODEL, config: withWeather(mode) });
    const called = await chat.sendMessage({ message: weatherQuestion });
    const [call] = called.functionCalls ?? [];
    expect(call).toMatchObject({ name: "get_weather", args: { city: "Paris" } });

    const { id = "", name = "" } = call ?? {};
    const functionResponse = { id, name, response: { output: "18 degrees and sunny" } };
    const answer = await chat.sendMessage({ message: { functionResponse } });

    expect(called.candidates?.[0]?.finishReason).toBe("STOP");
    expect(answer.text).toContain("18");
  });

  test("with ANY a function is called, also streamed, with arguments that match its schema", async () => {
    const wish = { ...plain, config: withWeather(FunctionCallingConfigMode.ANY) };

    const whole = await ai.models.generateContent(wish);
    const chunks = await collected(await ai.models.generateContentStream(wish));

    const streamed = chunks.flatMap(({ functionCalls }) => functionCalls ?? []);
    expect(whole.functionCalls?.[0]?.name).toBe("get_weather");
    expect(typeof whole.functionCalls?.[0]?.args?.city).toBe("string");
    expect(streamed.map(({ args }) => args)).toEqual(whole.functionCalls?.map(({ args }) => args));
    expect(streamed[0]?.id).toBeTruthy();
  });

  test("with NONE no function is called", async () => {
    const { parameters: _, ...described } = weather;
    const parametersJsonSchema = { type: "object", properties: { city: { type: "string" } } };
    const answer = await ai.models.generateContent({
      ...plain,
      contents: weatherQuestion,
      config: {
        ...config,
        tools: [{ functionDeclarations: [{ ...described, parametersJsonSchema }] }],
        toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.NONE } },
      },
    });

    expect(answer.functionCalls).toBeUndefined();
  });

  test("a callable tool is called and answered by the SDK itself", async () => {
    const asked: unknown[] = [];
    const answer = await ai.models.generateContent({
      ...plain,
      contents: weatherQuestion,
      config: {
        ...{ ...config, maxOutputTokens: 120 },
        tools: [
          {
            tool: async () => ({ functionDeclarations: [weather] }),
            callTool: async (calls) => {
              asked.push(...calls.map(({ args }) => args));
              return calls.map(({ id = "", name = "" }) => ({
                functionResponse: { id, name, response: { result: "18 degrees and sunny" } },
              }));
            },
          },
        ],
      },
    });

    expect(asked).toEqual([{ city: "Paris" }]);
    expect(answer.text).toContain("18");
  });
});

describe("structured output", () => {
  test("an answer follows an OpenAPI schema, with its properties in order", async () => {
    const { text = "" } = await ai.models.generateContent({
      ...plain,
      config: {
        ...{ ...config, maxOutputTokens: 200 },
        responseMimeType: "application/json",
        responseSchema: {
          type: Type.OBJECT,
          properties: {
            color: { type: Type.STRING, format: "enum", enum: ["red", "green"] },
            size: { type: Type.INTEGER, format: "int32", minimum: 1, maximum: 3, nullable: true },
            tags: { type: Type.ARRAY, items: { type: Type.BOOLEAN }, minItems: "1", maxItems: "2" },
          },
          propertyOrdering: ["tags", "size", "color"],
          required: ["color", "size", "tags"],
        },
      },
    });

    const thing = JSON.parse(text) as { color: string; size: number | null; tags: boolean[] };
    expect(Object.keys(thing)).toEqual(["tags", "size", "color"]);
    expect(["red", "green"]).toContain(thing.color);
    expect([1, 2, 3, null]).toContain(thing.size);
    expect([1, 2]).toContain(thing.tags.length);
  });

  test("an answer follows a JSON schema, or a list of words", async () => {
    const ofSchema = await ai.models.generateContent({
      ...plain,
      config: {
        ...{ ...config, responseMimeType: "application/json" },
        responseJsonSchema: { type: "object", properties: { a: { const: 5 } }, required: ["a"] },
      },
    });
    const word = await ai.models.generateContent({
      ...plain,
      config: {
        ...{ ...config, responseMimeType: "text/x.enum" },
        responseSchema: { type: Type.STRING, enum: ["Percussion", "String"] },
      },
    });

    expect(JSON.parse(ofSchema.text ?? "")).toEqual({ a: 5 });
    expect(["Percussion", "String"]).toContain(word.text);
  });
});

test("reasoning is returned on request, and always counted", async () => {
  const thinkingConfig = { thinkingLevel: ThinkingLevel.LOW };
  const wish = { ...plain, contents: "What is 2 + 3?" };
  const thinking = (includeThoughts: boolean) => ({
    ...{ ...config, maxOutputTokens: 300 },
    thinkingConfig: { ...thinkingConfig, includeThoughts },
  });

  const shown = await ai.models.generateContent({ ...wish, config: thinking(true) });
  const silent = await ai.models.generateContent({ ...wish, config: thinking(false) });
  const off = { ...config, thinkingConfig: { thinkingBudget: 0 } };
  const without = await ai.models.generateContent({ ...wish, config: off });

  expect(shown.candidates?.[0]?.content?.parts?.[0]).toMatchObject({ thought: true });
  expect(silent.candidates?.[0]?.content?.parts?.some(({ thought }) => thought)).toBe(false);
  expect(silent.text).toBe(shown.text);
  expect(silent.usageMetadata?.thoughtsTokenCount).toBeGreaterThan(0);
  expect(without.usageMetadata?.thoughtsTokenCount).toBe(0);
});

test("countTokens() returns the same number as usage", async () => {
  const { totalTokens } = await ai.models.countTokens({ model: MODEL, contents: plain.contents });
  const { usageMetadata } = await ai.models.generateContent({
    ...plain,
    config: { maxOutputTokens: 1 },
  });

  expect(totalTokens).toBe(usageMetadata?.promptTokenCount);
});

describe("models", () => {
  test("list() pages through the served models", async () => {
    const names: (string | undefined)[] = [];
    for await (const { name } of await ai.models.list({ config: { pageSize: 1 } }))
      names.push(name);

    expect(names).toEqual([`models/${MODEL}`]);
  });

  test("get() describes one", async () => {
    const model = await ai.models.get({ model: MODEL });

    expect(model.inputTokenLimit).toBeGreaterThan(100);
    expect(model.supportedActions).toContain("generateContent");
  });
});

describe("errors", () => {
  const statusOf = async (asked: Promise<unknown>) => {
    const error = await asked.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ApiError);
    const { status, message } = error as ApiError;
    const answer = JSON.parse(message) as { error: { code: number; status: string } };
    expect(answer.error.code).toBe(status);
    return answer.error.status;
  };

  test("have the SDK's class, Google's status and the envelope", async () => {
    const hot = { ...plain, config: { ...config, temperature: 5 } };
    const stranger = clientWith("wrong");

    expect(await statusOf(ai.models.generateContent(hot))).toBe("INVALID_ARGUMENT");
    expect(await statusOf(ai.models.generateContentStream(hot))).toBe("INVALID_ARGUMENT");
    expect(await statusOf(ai.models.generateContent({ ...plain, model: "no" }))).toBe("NOT_FOUND");
    expect(await statusOf(ai.models.get({ model: "no" }))).toBe("NOT_FOUND");
    expect(await statusOf(stranger.models.generateContent(plain))).toBe("UNAUTHENTICATED");
    expect(await statusOf(stranger.models.generateContentStream(plain))).toBe("UNAUTHENTICATED");
  });

  test("Google's own tools are left out", async () => {
    const search = { ...plain, config: { ...config, tools: [{ googleSearch: {} }] } };

    const { candidates } = await ai.models.generateContent(search);

    expect(candidates).toHaveLength(1);
  });
});
