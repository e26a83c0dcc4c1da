// LangChain: a streaming chain, a streamed tool call, and an answer that follows a JSON schema.
// Run: node examples/langchain.mjs
import assert from "node:assert/strict";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import { z } from "zod";

const url = process.env.SLUICE_URL ?? "http://127.0.0.1:8080";
const model = new ChatOpenAI({
  model: process.env.SLUICE_MODEL ?? "builtin",
  apiKey: process.env.SLUICE_API_KEY ?? "none",
  configuration: { baseURL: `${url}/v1` },
  maxTokens: 120,
  temperature: 0,
  maxRetries: 0,
});

console.log("-- a chain");
const prompt = ChatPromptTemplate.fromMessages([["user", "What is {topic}?"]]);
const chain = prompt.pipe(model).pipe(new StringOutputParser());
let pieces = 0;
for await (const text of await chain.stream({ topic: "streaming" })) {
  process.stdout.write(text);
  pieces++;
}
assert(pieces > 3, "the answer came all at once");

console.log("\n-- a tool");
const getWeather = tool(({ city }) => `21 degrees and sunny in ${city}`, {
  name: "get_weather",
  description: "Get the weather of a city",
  schema: z.object({ city: z.string() }),
});
const question = { role: "user", content: "What is the weather in Paris?" };
const withTool = model.bindTools([getWeather]);
let message; // the sum of all chunks
for await (const chunk of await withTool.stream([question]))
  message = message ? message.concat(chunk) : chunk;
const [call] = message.tool_calls;
assert.deepEqual(call.args, { city: "Paris" });
const result = await getWeather.invoke(call);
const answer = await withTool.invoke([question, message, result]);
console.log(call.name, call.args, "->", result.content, "->", answer.content);
assert.notEqual(answer.content, "");

console.log("-- a schema");
const person = z.object({
  name: z.string().max(30),
  age: z.int().min(0).max(150),
  city: z.string().max(30),
});
const structured = model.withStructuredOutput(person, { name: "person", method: "jsonSchema" });
const anna = await structured.invoke(
  "Turn this into JSON: Anna is 31 years old and lives in Oslo.",
);
console.log(anna);
assert.equal(anna.name, "Anna");
