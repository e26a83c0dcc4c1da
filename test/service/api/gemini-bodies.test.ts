// Invalid and hostile bodies for Gemini's API: each gets a 4xx in Google's envelope that names the exact field.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorDetailsOf } from "../../support/clients/error-text.ts";
import { post } from "../../support/clients/sse-client.ts";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

let running: RunningService;
beforeAll(async () => {
  running = await startWithFake({}, { bodyLimit: 1_000_000, alias: ["org/tiny"] });
});
afterAll(async () => running.close());

const MODEL = "/v1beta/models/org/tiny";
const user = { role: "user", parts: [{ text: "Hi" }] };
const plain = { contents: [user] };
const proto = JSON.parse('{"__proto__":{"polluted":true}}') as object;
const deep = "@deep@";
const nested = "[".repeat(10_000) + "]".repeat(10_000);

const saying = (...parts: unknown[]) => ({ contents: [{ role: "user", parts }] });
const config = (generationConfig: object) => ({ generationConfig });
const json = (more: object) => config({ responseMimeType: "application/json", ...more });
const tool = (more: object) => ({ tools: [{ functionDeclarations: [{ name: "f", ...more }] }] });
const choosing = (functionCallingConfig: unknown) => ({
  ...tool({}),
  toolConfig: { functionCallingConfig },
});
const missing = "missing_parameter";
const unsupported = "unsupported_parameter";
const unreadable = "unsupported_content";
const AT = "generationConfig";
const FUNCTION = "tools[0].functionDeclarations[0]";

type Case = readonly [what: string, fields: object, param: string, code?: string];

const CASES: readonly Case[] = [
  ["no contents", { contents: undefined }, "contents", missing],
  ["contents of nothing", { contents: [] }, "contents"],
  ["contents as text", { contents: "Hi" }, "contents"],
  ["a content that is null", { contents: [null] }, "contents[0]"],
  ["a role of OpenAI's", { contents: [{ role: "assistant", parts: [] }] }, "contents[0].role"],
  ["no parts", { contents: [{ role: "user" }] }, "contents[0]"],
  ["parts as text", { contents: [{ parts: "Hi" }] }, "contents[0].parts"],
  ["a part as text", saying("Hi"), "contents[0].parts[0]"],
  ["a part of nothing", saying({}), "contents[0]"],
  ["a text as number", saying({ text: 5 }), "contents[0].parts[0].text"],
  ["a part of two", saying({ text: "a", functionCall: { name: "f" } }), "contents[0].parts[0]"],
  [
    "an image",
    saying({ text: "a" }, { inlineData: { mimeType: "image/png", data: "" } }),
    "contents[0].parts[1].inlineData",
    unreadable,
  ],
  [
    "a file in snake_case",
    saying({ file_data: { file_uri: "http://a" } }),
    "contents[0].parts[0].fileData",
    unreadable,
  ],
  [
    "an image in the system instruction",
    { systemInstruction: { parts: [{ inlineData: {} }] } },
    "systemInstruction.parts[0].inlineData",
    unreadable,
  ],
  ["a system of text", { systemInstruction: "Be brief." }, "systemInstruction"],
  [
    "a call without a name",
    saying({ functionCall: {} }),
    "contents[0].parts[0].functionCall.name",
    missing,
  ],
  [
    "arguments as text",
    saying({ functionCall: { name: "f", args: "{}" } }),
    "contents[0].parts[0].functionCall.args",
  ],
  [
    "a response as text",
    saying({ functionResponse: { name: "f", response: "sunny" } }),
    "contents[0].parts[0].functionResponse.response",
  ],
  [
    "a call at the end",
    { contents: [user, { role: "model", parts: [{ functionCall: { name: "f" } }] }] },
    "contents[1]",
  ],
  ["a config as text", { generationConfig: "hot" }, AT],
  ["too hot", config({ temperature: 2.1 }), `${AT}.temperature`],
  ["a temperature as text", config({ temperature: "1" }), `${AT}.temperature`],
  ["topP above 1", config({ topP: 1.1 }), `${AT}.topP`],
  ["topK below 0", config({ topK: -1 }), `${AT}.topK`],
  ["half a topK", config({ topK: 1.5 }), `${AT}.topK`],
  ["no candidates", config({ candidateCount: 0 }), `${AT}.candidateCount`],
  ["9 candidates", config({ candidateCount: 9 }), `${AT}.candidateCount`],
  ["no tokens", config({ maxOutputTokens: 0 }), `${AT}.maxOutputTokens`],
  ["endless tokens", config({ maxOutputTokens: 1e300 }), `${AT}.maxOutputTokens`],
  ["1001 stops", config({ stopSequences: Array(1001).fill("a") }), `${AT}.stopSequences`],
  ["a seed as text", config({ seed: "1" }), `${AT}.seed`],
  ["a penalty of 3", config({ presencePenalty: 3 }), `${AT}.presencePenalty`],
  ["a penalty of -3", config({ frequency_penalty: -3 }), `${AT}.frequencyPenalty`],
  ["XML", config({ responseMimeType: "text/xml" }), `${AT}.responseMimeType`],
  ["speech", config({ responseModalities: ["AUDIO"] }), `${AT}.responseModalities[0]`],
  ["a voice", config({ speechConfig: {} }), `${AT}.speechConfig`],
  ["pictures", config({ imageConfig: { aspectRatio: "1:1" } }), `${AT}.imageConfig`],
  ["a schema without JSON", config({ responseSchema: { type: "STRING" } }), `${AT}.responseSchema`],
  ["a schema as text", json({ responseSchema: "{}" }), `${AT}.responseSchema`],
  [
    "an unknown type",
    json({ responseSchema: { type: "THING" } }),
    `${AT}.responseSchema.type`,
    "unsupported_schema",
  ],
  [
    "a schema's not",
    json({ responseJsonSchema: { not: {} } }),
    `${AT}.responseJsonSchema.not`,
    "unsupported_schema",
  ],
  ["a schema of 10,000 levels", json({ responseJsonSchema: { not: deep } }), AT],
  ["21 alternatives", config({ responseLogprobs: true, logprobs: 21 }), `${AT}.logprobs`],
  [
    "a budget of -2",
    config({ thinkingConfig: { thinkingBudget: -2 } }),
    `${AT}.thinkingConfig.thinkingBudget`,
  ],
  ["both spellings", config({ top_k: 1, topK: 1 }), "topK"],
  ["tools as an object", { tools: {} }, "tools"],
  ["a function without a name", tool({ name: undefined }), `${FUNCTION}.name`, missing],
  ["a name with a space", tool({ name: "a b" }), `${FUNCTION}.name`],
  [
    "a function twice",
    { tools: [...tool({}).tools, ...tool({}).tools] },
    "tools[1].functionDeclarations[0].name",
  ],
  ["arguments of text", tool({ parameters: { type: "STRING" } }), `${FUNCTION}.parameters.type`],
  [
    "two schemas",
    tool({ parameters: {}, parametersJsonSchema: {} }),
    `${FUNCTION}.parametersJsonSchema`,
  ],
  [
    "257 functions",
    {
      tools: Array.from({ length: 3 }, (_, at) => ({
        functionDeclarations: Array.from({ length: 86 }, (_, i) => ({ name: `f${at}_${i}` })),
      })),
    },
    "tools",
  ],
  ["an unknown mode", choosing({ mode: "MUST" }), "toolConfig.functionCallingConfig.mode"],
  [
    "a function that does not exist",
    choosing({ mode: "ANY", allowedFunctionNames: ["g"] }),
    "toolConfig.functionCallingConfig.allowedFunctionNames",
  ],
  [
    "ANY of none",
    { toolConfig: { functionCallingConfig: { mode: "ANY" } } },
    "toolConfig.functionCallingConfig.mode",
  ],
  ["a cache", { cachedContent: "cachedContents/1" }, "cachedContent", unsupported],
  ["a cache in snake_case", { cached_content: "cachedContents/1" }, "cachedContent", unsupported],
  ["an unknown tier", { serviceTier: "gold" }, "serviceTier"],
  ["10,000 levels", { contents: deep }, "contents"],
  ["a prototype", proto, "__proto__"],
];

const METHODS = [":generateContent", ":streamGenerateContent?alt=sse", ":countTokens"];

async function answerTo(place: string, body: unknown) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await post(running.url + MODEL + place, text.replaceAll(`"${deep}"`, nested));
  return { response, body: (await response.json()) as { error: { message: string } } };
}

describe.each(METHODS)("POST {model}%s", (place) => {
  // All methods share one parser: the others get only some cases, to show that they use it.
  const given = CASES.filter((_, index) => place === METHODS[0] || index % 6 === 0);
  const cases = given.map(([what, fields, param, code = "invalid_value"]) => ({
    ...{ what, fields, param, code },
  }));

  test.each(cases)("answers $what with 400", async ({ fields, param, code }) => {
    const { response, body } = await answerTo(place, { ...plain, ...fields });

    expect(body).toMatchObject({ error: { code: 400, status: "INVALID_ARGUMENT" } });
    expect(response.status).toBe(400);
    expect(errorDetailsOf(body)).toEqual({ code, param });
    expect(body.error.message.length).toBeLessThan(1_000);
  });

  test.each([
    ["no JSON", "{", 400, "INVALID_ARGUMENT"],
    ["a list", "[]", 400, "INVALID_ARGUMENT"],
    ["a text", '"Hi"', 400, "INVALID_ARGUMENT"],
    ["too much", saying({ text: "a".repeat(1_000_001) }), 413, "INVALID_ARGUMENT"],
  ])("answers %s in the envelope", async (_what, body, code, status) => {
    const answer = await answerTo(place, body);

    expect(answer.response.status).toBe(code);
    expect(answer.body).toMatchObject({ error: { code, status } });
  });

  test("answers another model, method and type of body in the envelope", async () => {
    const [path = "", query = ""] = place.split("?");
    const url = `${running.url}${MODEL}${path}`;
    const got = await fetch(url);
    const typed = await fetch(`${url}?${query}`, { method: "POST", body: "a=5" });
    const other = await post(`${running.url}/v1beta/models/no${place}`, plain);

    expect([got.status, typed.status, other.status]).toEqual([405, 415, 404]);
    for (const response of [got, typed, other])
      expect(await response.json()).toMatchObject({ error: { code: response.status } });
  });
});

test("has many cases", () => {
  expect(CASES.length).toBeGreaterThanOrEqual(60);
});

test("what the model need not read is left out and named", async () => {
  const contents = [
    { role: "user", parts: [{ inlineData: { mimeType: "text/plain", data: "SGk=" } }] },
    { role: "model", parts: [{ executableCode: { code: "1" } }, { functionCall: { name: "f" } }] },
    {
      role: "user",
      parts: [{ functionResponse: { name: "f", response: {}, parts: [{ inlineData: {} }] } }],
    },
  ];
  const tools = [{ google_search: {} }, ...tool({}).tools];
  const generationConfig = { thinkingConfig: { thinkingLevel: "ULTRA" } };

  const { response } = await answerTo(":generateContent", { contents, tools, generationConfig });

  expect(response.status).toBe(200);
  expect(response.headers.get("x-ignored-params")).toBe(
    "tools[0].googleSearch, generationConfig.thinkingConfig.thinkingLevel",
  );
});

test.each([
  ["POST", "/v1beta/models/org/tiny:embedContent", 404],
  ["POST", "/v1beta/models/org/tiny", 405],
  ["DELETE", "/v1beta/models", 405],
  ["GET", "/v1beta/models/no", 404],
  ["GET", "/v1beta/models?pageSize=many", 400],
  ["GET", "/v1beta/models?pageToken=-1", 400],
  ["GET", "/v1beta/files", 404],
  ["POST", "/v1beta", 404],
])("%s %s is a %d in Google's envelope", async (method, path, code) => {
  const response = await fetch(running.url + path, { method });

  expect(response.status).toBe(code);
  expect(await response.json()).toMatchObject({ error: { code, details: expect.any(Array) } });
});

test("a model's name may have slashes, and is the same below /v1", async () => {
  const stable = await post(`${running.url}/v1/models/org/tiny:generateContent`, plain);
  const described = await fetch(running.url + MODEL);

  expect(await stable.json()).toMatchObject({ modelVersion: "org/tiny" });
  expect(await described.json()).toMatchObject({ name: "models/org/tiny" });
  expect((await fetch(`${running.url}/v1/models/org/tiny`)).status).toBe(200);
});

describe("keys", () => {
  const SECRET = "a-secret-key";

  test("are accepted in Google's header or query, and never logged", async () => {
    const locked = await startWithFake({}, { apiKey: [SECRET] });
    const url = `${locked.url}/v1beta/models/builtin:generateContent`;

    const wrong = [{}, { "x-goog-api-key": "wrong" }].map(async (headers) =>
      post(url, plain, headers),
    );
    const refused = await Promise.all([...wrong, post(`${url}?key=wrong-key`, plain)]);
    const entered = await Promise.all([
      post(url, plain, { "x-goog-api-key": SECRET }),
      post(`${url}?key=${SECRET}`, plain),
      fetch(`${locked.url}/v1beta/models?key=${SECRET}`),
      fetch(`${locked.url}/v1beta/models/none?key=${SECRET}`),
    ]);

    for (const response of refused)
      expect(await response.json()).toMatchObject({ error: { status: "UNAUTHENTICATED" } });
    expect(entered.map(({ status }) => status)).toEqual([200, 200, 200, 404]);
    expect(locked.logLines.length).toBeGreaterThan(4);
    expect(JSON.stringify(locked.logLines)).not.toMatch(/secret|wrong-key|key=/);
    await locked.close();
  });

  test("in a query have no effect on other paths", async () => {
    const locked = await startWithFake({}, { apiKey: [SECRET] });

    const response = await fetch(`${locked.url}/v1/models?key=${SECRET}`);

    expect(response.status).toBe(401);
    await locked.close();
  });
});

test("refuses unknown fields under --strict, and names them otherwise", async () => {
  const strictly = await startWithFake({}, { strict: true });
  const body = { ...plain, generationConfig: { minP: 1 } };

  const refused = await post(`${strictly.url}/v1beta/models/builtin:generateContent`, body);
  const { response } = await answerTo(":generateContent", body);

  expect(errorDetailsOf(await refused.json())).toEqual({
    code: "unknown_parameter",
    param: "generationConfig.minP",
  });
  expect([refused.status, response.status]).toEqual([400, 200]);
  expect(response.headers.get("x-ignored-params")).toBe("generationConfig.minP");
  await strictly.close();
});

test("still serves after all cases, and no internal error was counted", async () => {
  const { response, body } = await answerTo(":generateContent", plain);
  const counted = await answerTo(":countTokens", saying({ text: "one two three" }));

  expect(response.status).toBe(200);
  expect(body).toMatchObject({ candidates: [{ content: { parts: [{ text: "Hello world" }] } }] });
  expect(counted.body).toMatchObject({ totalTokens: 3 });
  expect(running.service.queue.inside).toBe(0);
  expect(running.logLines.filter(({ msg }) => msg === "bug")).toEqual([]);
  expect("polluted" in {}).toBe(false);
});
