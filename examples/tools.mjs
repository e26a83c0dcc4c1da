// A tool loop: the model calls a function, its arguments are shown as they come, and the result goes back for the answer.
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
assert(answer.content, "there is no answer in words");

async function askWithTools({ maxRounds }) {
  for (let round = 0; round < maxRounds; round++) {
    const message = await ask();
    messages.push(message);
    if (!message.tool_calls) return message;
    for (const { id, function: call } of message.tool_calls) {
      const result = functions[call.name](JSON.parse(call.arguments)); // they fit the schema: the server sees to it
      messages.push({ role: "tool", tool_call_id: id, content: JSON.stringify(result) });
      console.log(`  -> ${JSON.stringify(result)}`);
    }
  }
  throw new Error(`no answer after ${maxRounds} rounds of calls`);
}

/** One answer, put together from its chunks: text, calls, or both. */
async function ask() {
  const message = { role: "assistant", content: "" };
  const stream = await client.chat.completions.create({
    model: process.env.SLUICE_MODEL ?? "builtin",
    ...{ messages, tools, max_tokens: 120, temperature: 0, stream: true },
  });
  for await (const { choices } of stream) {
    const { content, tool_calls = [] } = choices[0].delta;
    process.stdout.write(content ?? "");
    message.content += content ?? "";
    for (const { index, id, function: part } of tool_calls) {
      message.tool_calls ??= [];
      // Id and name come once, with the first part of a call; the arguments in pieces.
      if (id) message.tool_calls[index] = { id, type: "function", function: { ...part } };
      else message.tool_calls[index].function.arguments += part.arguments;
      process.stdout.write(id ? `${part.name} ${part.arguments}` : part.arguments);
    }
  }
  console.log();
  return message;
}
