// Vercel's AI SDK: streamed text, a partial object while it streams, and a tool call during the answer.
// Run: node examples/vercel-ai.mjs
import assert from "node:assert/strict";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const url = process.env.SLUICE_URL ?? "http://127.0.0.1:8080";
const sluice = createOpenAICompatible({
  name: "sluice",
  baseURL: `${url}/v1`,
  apiKey: process.env.SLUICE_API_KEY ?? "none",
  supportsStructuredOutputs: true, // without this, schemas are not sent
  includeUsage: true,
});
const options = {
  model: sluice(process.env.SLUICE_MODEL ?? "builtin"),
  maxOutputTokens: 120,
  temperature: 0,
  maxRetries: 0,
};

console.log("-- text");
const answer = streamText({ ...options, prompt: "What is streaming?" });
for await (const text of answer.textStream) process.stdout.write(text);
const { inputTokens, outputTokens } = await answer.usage;
console.log(`\n${inputTokens} tokens in, ${outputTokens} out`);
assert(outputTokens > 0);

console.log("-- an object");
const person = z.object({
  name: z.string().max(30),
  age: z.int().min(0).max(150),
  city: z.string().max(30),
});
const structured = streamText({
  ...options,
  output: Output.object({ schema: person }),
  prompt: "Turn this into JSON: Anna is 31 years old and lives in Oslo.",
});
for await (const soFar of structured.partialOutputStream) console.log(soFar);
assert.equal((await structured.output).name, "Anna");

console.log("-- a tool");
const cities = [];
const withTools = streamText({
  ...options,
  prompt: "What is the weather in Paris?",
  tools: {
    get_weather: tool({
      description: "Get the weather of a city",
      inputSchema: z.object({ city: z.string() }),
      execute({ city }) {
        cities.push(city);
        return { city, temperature: 21, sky: "sunny" };
      },
    }),
  },
  stopWhen: stepCountIs(5),
});
for await (const part of withTools.fullStream) {
  if (part.type === "tool-input-delta" || part.type === "text-delta")
    process.stdout.write(part.delta ?? part.text);
  if (part.type === "tool-result") console.log(` -> ${JSON.stringify(part.output)}`);
}
console.log();
assert.deepEqual(cities, ["Paris"]);
assert.notEqual(await withTools.text, "");
