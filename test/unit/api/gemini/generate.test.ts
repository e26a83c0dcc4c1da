// Bodies of `:generateContent` and `:countTokens`, with every field that has an effect → requests to the engine.

import { describe, expect, test } from "vitest";
import type { ParseContext } from "../../../../src/api/dialect.ts";
import { geminiCountTokens } from "../../../../src/api/gemini/count-tokens.ts";
import { geminiGenerate, geminiStream } from "../../../../src/api/gemini/generate.ts";
import type { ServiceError } from "../../../../src/errors.ts";
import type { ModelInfo } from "../../../../src/generation/model-info.ts";
import type { GenerateRequest } from "../../../../src/generation/request.ts";
import { compiled } from "../../../support/engines/compile-schemas.ts";

const CONTEXT: ParseContext = {
  defaultMaxTokens: 99,
  allowsGrammar: false,
  randomSeed: () => 3,
  model: "tiny",
};
const contents = [{ role: "user", parts: [{ text: "Hi" }] }];

function parse(fields: object) {
  return compiled(geminiGenerate.parse({ contents, ...fields }, CONTEXT));
}
function requestOf(fields: object): GenerateRequest {
  const [request] = parse(fields).requests;
  if (!request) throw new Error("no request");
  return request;
}
const configured = (generationConfig: object) => requestOf({ generationConfig });
function paramOf(fields: object): string | null {
  try {
    parse(fields);
    return "none";
  } catch (error) {
    return (error as ServiceError).param; // it throws nothing else
  }
}

test("the path names the model, and whether there is a stream", () => {
  const body = { contents, model: "models/other" };

  expect(geminiGenerate.parse(body, CONTEXT)).toMatchObject({ model: "tiny", isStreamed: false });
  expect(geminiStream.parse(body, CONTEXT)).toMatchObject({ model: "tiny", isStreamed: true });
  expect(geminiStream.parse(body, CONTEXT).ignoredParams).toEqual([]);
});

test("has the defaults without a config", () => {
  expect(requestOf({})).toMatchObject({
    sampling: {
      temperature: 1,
      topP: 1,
      topK: 0,
      seed: 3,
      presencePenalty: 0,
      frequencyPenalty: 0,
    },
    ...{ stop: [], maxTokens: 99, grammar: null, logprobs: null },
    prompt: { reasoning: { effort: null, budgetTokens: null, isSeparate: true } },
  });
});

test("reads sampling, limits and logprobs under Gemini's names", () => {
  const request = configured({
    ...{
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      seed: -2,
      presencePenalty: 1,
      frequencyPenalty: -1,
    },
    ...{ maxOutputTokens: 7, stopSequences: ["x"], responseLogprobs: true, logprobs: 3 },
  });

  expect(request).toMatchObject({
    sampling: {
      ...{ temperature: 0.5, topP: 0.9, topK: 40, seed: 2 ** 32 - 3 },
      ...{ presencePenalty: 1, frequencyPenalty: -1 },
    },
    ...{ maxTokens: 7, stop: ["x"], logprobs: { alternatives: 3, includesPrompt: false } },
  });
});

test("candidates differ in their seeds, and flex has low priority", () => {
  const { requests, choicesPerPrompt, isFlex } = parse({
    generationConfig: { candidateCount: 3, seed: 5 },
    serviceTier: "flex",
  });

  expect(requests.map(({ sampling }) => sampling.seed)).toEqual([5, 6, 7]);
  expect([choicesPerPrompt, isFlex]).toEqual([3, true]);
});

test.each([
  [{ thinkingBudget: 0 }, { effort: "none", budgetTokens: null }],
  [{ thinkingBudget: -1 }, { effort: null, budgetTokens: null }],
  [
    { thinkingBudget: 50, includeThoughts: true },
    { effort: null, budgetTokens: 50 },
  ],
  [{ thinkingLevel: "HIGH" }, { effort: "high", budgetTokens: null }],
])("thinkingConfig %o", (thinkingConfig, expected) => {
  expect(configured({ thinkingConfig }).prompt).toMatchObject({ reasoning: expected });
});

describe("structured output", () => {
  const json = { responseMimeType: "application/json" };

  test.each([
    ["any JSON", json],
    ["an OpenAPI schema", { ...json, responseSchema: { type: "OBJECT", properties: {} } }],
    ["a JSON schema", { ...json, responseJsonSchema: { type: "object" } }],
  ])("%s makes a grammar", (_what, config) => {
    expect(configured(config).grammar).toContain("root ::=");
  });

  test("the values of an enum have no quotes", () => {
    const responseSchema = { type: "STRING", enum: ["a", 'b"c'] };

    const { grammar } = configured({ responseMimeType: "text/x.enum", responseSchema });

    expect(grammar).toBe('root ::= "a" | "b\\"c"');
  });

  test.each([
    [{ responseSchema: { type: "STRING" } }, "responseSchema"],
    [{ responseJsonSchema: true }, "responseJsonSchema"],
    [{ ...json, responseSchema: {}, responseJsonSchema: {} }, "responseJsonSchema"],
    [{ responseMimeType: "text/x.enum" }, "responseSchema"],
    [{ logprobs: 2 }, "logprobs"],
    [{ ...json, responseFormat: [{ text: { schema: {} } }] }, "responseFormat"],
    [{ responseFormat: [{ text: { mimeType: "TEXT_PLAIN", schema: {} } }] }, "responseFormat"],
    [{ responseFormat: [{ text: {} }, { text: {} }] }, "responseFormat"],
    [{ responseFormat: [{ audio: {} }] }, "responseFormat[0].audio"],
    [{ ...json, responseSchema: { not: {} } }, "responseSchema.not"],
  ])("%o is refused", (generationConfig, param) => {
    expect(paramOf({ generationConfig })).toBe(`generationConfig.${param}`);
  });
});

describe("tools", () => {
  const parameters = { type: "OBJECT", properties: { city: { type: "STRING" } } };
  const schema = { type: "object", properties: { city: { type: "string" } } };
  const tools = [
    { functionDeclarations: [{ name: "f", description: "Does", parameters }] },
    { functionDeclarations: [{ name: "g", parametersJsonSchema: schema }, { name: "h" }] },
  ];
  const choosing = (functionCallingConfig: object) => ({
    tools,
    toolConfig: { functionCallingConfig },
  });
  const toolUse = (fields: object) => {
    const { prompt } = requestOf(fields);
    return prompt.type === "messages" ? prompt.tools : null;
  };

  test("are passed to the template in OpenAI's form, with JSON schemas", () => {
    const use = toolUse({ tools });

    expect(use).toMatchObject({ callable: ["f", "g", "h"], isRequired: false, isParallel: true });
    expect(use?.tools.map(({ definition }) => definition)).toEqual([
      { type: "function", function: { name: "f", description: "Does", parameters: schema } },
      { type: "function", function: { name: "g", parameters: schema } },
      { type: "function", function: { name: "h", parameters: { type: "object", properties: {} } } },
    ]);
  });

  test.each([
    [{ mode: "AUTO" }, ["f", "g", "h"], false],
    [{ mode: "VALIDATED", allowedFunctionNames: ["g"] }, ["g"], false],
    [{ mode: "ANY" }, ["f", "g", "h"], true],
    [{ mode: "ANY", allowedFunctionNames: ["g"] }, ["g"], true],
    [
      { mode: "ANY", allowedFunctionNames: ["h", "f"], streamFunctionCallArguments: false },
      ["h", "f"],
      true,
    ],
  ])("%o", (wish, callable, isRequired) => {
    expect(toolUse(choosing(wish))).toMatchObject({ callable, isRequired });
  });

  test("those of Google's server are left out and named", () => {
    const hosted = { tools: [{ googleSearch: {}, codeExecution: null }, ...tools, { newer: {} }] };

    expect(parse(hosted).ignoredParams).toEqual(["tools[0].googleSearch", "tools[3].newer"]);
    expect(toolUse(hosted)?.callable).toEqual(["f", "g", "h"]);
    expect(toolUse({ tools: [{ urlContext: {} }] })).toBeNull();
  });

  test("those of Google's server cannot be forced", () => {
    const toolConfig = { functionCallingConfig: { mode: "ANY" } };

    expect(paramOf({ tools: [{ googleSearch: {} }], toolConfig })).toBe(
      "toolConfig.functionCallingConfig.mode",
    );
  });

  test("calls sent in pieces are a wish", () => {
    const { ignoredParams } = parse(choosing({ streamFunctionCallArguments: true }));

    expect(ignoredParams).toEqual(["toolConfig.functionCallingConfig.streamFunctionCallArguments"]);
  });

  test("NONE passes no tools to the template", () => {
    expect(toolUse(choosing({ mode: "NONE" }))).toBeNull();
  });
});

test.each([
  [{ thinkingLevel: "low" }, { effort: "low", budgetTokens: null }, []],
  [{ thinkingLevel: "XHIGH" }, { effort: "xhigh" }, []],
  [{ thinkingBudget: 9, thinkingLevel: "HIGH" }, { effort: "high", budgetTokens: 9 }, []],
  [{ thinkingBudget: 0, thinkingLevel: "HIGH" }, { effort: "none" }, ["thinkingLevel"]],
  [{ thinkingLevel: "ULTRA" }, { effort: null }, ["thinkingLevel"]],
  [{ thinkingLevel: "THINKING_LEVEL_UNSPECIFIED" }, { effort: null }, []],
])("thinkingConfig %o is %o, and leaves out %o", (thinkingConfig, reasoning, left) => {
  const { wishes = [] } = parse({ generationConfig: { thinkingConfig } });
  const model = { canSwitchReasoning: true, reasoningFormat: {} } as unknown as ModelInfo;

  expect(configured({ thinkingConfig }).prompt).toMatchObject({ reasoning });
  const unmet = wishes.filter((wish) => !wish.isMetBy(model)).map(({ field }) => field);
  expect(unmet).toEqual(left.map((name) => `generationConfig.thinkingConfig.${name}`));
});

test("countTokens leaves out the tools of Google's server, in a whole request too", () => {
  const tools = [{ googleSearch: {} }];
  const ignoredBy = (body: object) => geminiCountTokens.parse(body, CONTEXT).ignoredParams;

  expect(ignoredBy({ contents, tools })).toEqual(["tools[0].googleSearch"]);
  expect(ignoredBy({ generateContentRequest: { contents, tools } })).toEqual([
    "generateContentRequest.tools[0].googleSearch",
  ]);
});

test("countTokens accepts a conversation or a whole request", async () => {
  const systemInstruction = { parts: [{ text: "Be brief." }] };
  const context = { ...CONTEXT };
  const asked: unknown[] = [];
  const counted = async (body: object) => {
    const { answer, model } = geminiCountTokens.parse(body, context);
    expect(model).toBe("tiny");
    return answer((async (question: unknown) => {
      asked.push(question);
      return { promptTokens: new Uint32Array(5) };
    }) as never); // the only question that it asks
  };

  const alone = await counted({ contents, systemInstruction });
  const whole = await counted({ generateContentRequest: { contents, systemInstruction } });

  expect(alone).toEqual({
    totalTokens: 5,
    promptTokensDetails: [{ modality: "TEXT", tokenCount: 5 }],
  });
  expect(whole).toEqual(alone);
  expect(asked[0]).toEqual(asked[1]);
  expect(() => geminiCountTokens.parse({}, CONTEXT)).toThrow("contents is required");
});
