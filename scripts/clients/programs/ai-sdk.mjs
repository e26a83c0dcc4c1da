// Vercel's AI SDK with its provider for each API (SLUICE_API), buffered and streamed.

import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const { SLUICE_URL: url, SLUICE_MODEL: name, SLUICE_API: api, MODULES: modules } = process.env;
const require = createRequire(path.join(modules, "any.js"));
const load = (id) => import(pathToFileURL(require.resolve(id)));
const { generateText, streamText, stepCountIs, tool } = await load("ai");
const { z } = await load("zod");

const PROVIDERS = {
  responses: async () =>
    (await load("@ai-sdk/openai")).createOpenAI({ baseURL: `${url}/v1`, apiKey: "none" }),
  chat: async () =>
    (await load("@ai-sdk/openai")).createOpenAI({ baseURL: `${url}/v1`, apiKey: "none" }).chat,
  anthropic: async () =>
    (await load("@ai-sdk/anthropic")).createAnthropic({ baseURL: `${url}/v1`, apiKey: "none" }),
  gemini: async () =>
    (await load("@ai-sdk/google")).createGoogleGenerativeAI({
      baseURL: `${url}/v1beta`,
      apiKey: "none",
    }),
  ollama: async () => (await load("ollama-ai-provider-v2")).createOllama({ baseURL: `${url}/api` }),
};
const model = (await PROVIDERS[api]())(name);
const common = { model, maxOutputTokens: 64, maxRetries: 0 };
const weather = tool({
  description: "The weather of a city",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `It is sunny in ${city}.`,
});
const STEPS = {
  async prompt() {
    expect((await generateText({ ...common, prompt: "Hello, who are you?" })).text, "an answer");
  },
  async stream() {
    const { textStream, text } = streamText({ ...common, prompt: "Hello, who are you?" });
    let count = 0;
    for await (const _ of textStream) count += 1;
    expect((await text) && count > 0, "a streamed answer");
  },
  async tools() {
    const { steps } = await generateText({
      ...common,
      prompt: "What is the weather in Paris?",
      tools: { weather },
      stopWhen: stepCountIs(3),
      prepareStep: ({ stepNumber }) => ({ toolChoice: stepNumber === 0 ? "required" : "auto" }),
    });
    expect(
      steps[0].toolResults.length > 0 && steps.length > 1,
      "a tool call, and an answer to its result",
    );
  },
  async stop() {
    const leaving = new AbortController();
    const prompt = "Count from 1 to 500, and write every number.";
    const { textStream } = streamText({
      ...common,
      maxOutputTokens: 2000,
      prompt,
      abortSignal: leaving.signal,
    });
    let count = 0;
    for await (const _ of textStream) if (++count === 3) leaving.abort();
  },
  async overflow() {
    const prompt = "The cat sat on the mat. ".repeat(Number(process.env.SLUICE_CONTEXT) / 4);
    const error = await generateText({ ...common, prompt }).then(
      () => null,
      (reason) => reason,
    );
    expect(error, "a refusal");
    return `${error.name}: ${error.message}`;
  },
};
for (const [step, run] of Object.entries(STEPS)) {
  try {
    const note = await run();
    if (step === "stop") await waitUntilIdle();
    report(step, "ok", note ?? "");
  } catch (error) {
    report(step, "FAILED", `${error.name}: ${error.message}`);
  }
}
process.exit(0);

/** The server must have nothing left to do. */
async function waitUntilIdle() {
  for (let count = 0; count < 100; count += 1) {
    const { data } = await (await fetch(`${url}/v1/requests`)).json();
    if (data.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the server's request did not end");
}

function report(step, state, note) {
  console.log(JSON.stringify({ step, state, note: note.slice(0, 400) }));
}

function expect(value, what) {
  if (!value) throw new Error(what);
}
