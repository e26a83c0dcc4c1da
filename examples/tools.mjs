// A tool loop: the model calls a function, the arguments stream in, and the model answers with the function's result.
// Run: node examples/tools.mjs
import assert from "node:assert/strict";
import OpenAI from "openai";

const url = process.env.SLUICE_URL ?? "http://127.0.0.1:8080";
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: process.env.SLUICE_API_KEY ?? "none" });

const called = [];
const functions = {
  get_weather({ city }) {
    called.push(city);
    return { city, temperature: 21, sky: "sunny" };
  },
};
const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
};
const description = "Get the weather of a city";
const tools = [{ type: "function", function: { name: "get_weather", description, parameters } }];

const messages = [{ role: "user", content: "What is the weather in Paris?" }];
const answer = await askWithTools({ maxRounds: 5 });
assert.deepEqual(called, ["Paris"]);
assert(answer.content, "the answer has no text");

async function askWithTools({ maxRounds }) {
  for (let round = 0; round < maxRounds; round++) {
    const message = await ask();
    messages.push(message);
    if (!message.tool_calls) return message;
    for (const { id, function: call } of message.tool_calls) {
      const result = functions[call.name](JSON.parse(call.arguments)); // the server ensures that they match the schema
      messages.push({ role: "tool", tool_call_id: id, content: JSON.stringify(result) });
      console.log(`  -> ${JSON.stringify(result)}`);
    }
  }
  throw new Error(`no answer after ${maxRounds} rounds of calls`);
}

/** Requests one answer and assembles it from its chunks: text, tool calls, or both. */
async function ask() {
  const message = { role: "assistant", content: "" };
  const stream = await client.chat.completions.create({
    model: process.env.SLUICE_MODEL ?? "builtin",
    messages,
    tools,
    max_tokens: 120,
    temperature: 0,
    stream: true,
  });
  for await (const { choices } of stream) {
    const { content, tool_calls = [] } = choices[0].delta;
    process.stdout.write(content ?? "");
    message.content += content ?? "";
    for (const { index, id, function: delta } of tool_calls) {
      message.tool_calls ??= [];
      // The id and name come once, with the first delta of a call; the arguments come in several deltas.
      if (id) message.tool_calls[index] = { id, type: "function", function: { ...delta } };
      else message.tool_calls[index].function.arguments += delta.arguments;
      process.stdout.write(id ? `${delta.name} ${delta.arguments}` : delta.arguments);
    }
  }
  console.log();
  return message;
}
