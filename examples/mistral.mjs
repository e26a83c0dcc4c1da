// Mistral's SDK with the OpenAI routes: a streamed answer, a tool call, and an answer that follows a JSON schema.
// Run: node examples/mistral.mjs
import assert from "node:assert/strict";
import { Mistral } from "@mistralai/mistralai";
import { z } from "zod";

const serverURL = process.env.SLUICE_URL ?? "http://127.0.0.1:8080"; // without /v1: the SDK adds it
const client = new Mistral({ serverURL, apiKey: process.env.SLUICE_API_KEY ?? "none" });
const options = {
  model: process.env.SLUICE_MODEL ?? "builtin",
  maxTokens: 120,
  temperature: 0,
};
const weatherQuestion = { role: "user", content: "What is the weather in Paris?" };

console.log("-- text");
const stream = await client.chat.stream({
  ...options,
  messages: [{ role: "user", content: "What is streaming?" }],
});
let pieces = 0;
for await (const { data } of stream) {
  process.stdout.write(data.choices[0]?.delta.content ?? "");
  pieces++;
}
console.log();
assert(pieces > 3, "the answer came all at once");

console.log("-- a tool");
const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
};
const description = "Get the weather of a city";
const tools = [{ type: "function", function: { name: "get_weather", description, parameters } }];
const { choices } = await client.chat.complete({ ...options, messages: [weatherQuestion], tools });
const [{ message, finishReason }] = choices;
assert.equal(finishReason, "tool_calls");
const [call] = message.toolCalls;
assert.deepEqual(JSON.parse(call.function.arguments), { city: "Paris" });
const result = {
  role: "tool",
  toolCallId: call.id,
  name: "get_weather",
  content: '{"temperature": 21}',
};
const answer = await client.chat.complete({
  ...options,
  messages: [weatherQuestion, message, result],
  tools,
});
console.log(call.function.name, call.function.arguments, "->", answer.choices[0].message.content);

console.log("-- a schema");
const person = z.object({ name: z.string().max(30), age: z.int().min(0).max(150) });
const structured = await client.chat.complete({
  ...options,
  messages: [{ role: "user", content: "Turn this into JSON: Anna is 31 years old." }],
  responseFormat: {
    type: "json_schema",
    jsonSchema: { name: "person", schemaDefinition: z.toJSONSchema(person), strict: true },
  },
});
const anna = person.parse(JSON.parse(structured.choices[0].message.content));
console.log(anna);
assert.equal(anna.name, "Anna");
