// An answer that follows a JSON schema, parsed while it streams: fields are available before the answer is complete.
// Run: node examples/structured.mjs
import assert from "node:assert/strict";
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { parse } from "partial-json";
import { z } from "zod";

const url = process.env.SLUICE_URL ?? "http://127.0.0.1:8080";
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: process.env.SLUICE_API_KEY ?? "none" });

const Person = z.object({
  name: z.string().max(30),
  age: z.int().min(0).max(150),
  city: z.string().max(30),
});

const stream = await client.chat.completions.create({
  model: process.env.SLUICE_MODEL ?? "builtin",
  messages: [
    { role: "user", content: "Turn this into JSON: Anna is 31 years old and lives in Oslo." },
  ],
  response_format: zodResponseFormat(Person, "person"),
  max_tokens: 200,
  temperature: 0,
  stream: true,
});

let text = "";
let finishReason;
const fieldCounts = new Set(); // the different numbers of fields while streaming
for await (const { choices } of stream) {
  text += choices[0].delta.content ?? "";
  finishReason = choices[0].finish_reason;
  if (text.trim() === "") continue;
  const soFar = parse(text); // completes the partial JSON
  fieldCounts.add(Object.keys(soFar).length);
  console.log(soFar);
}

assert.equal(finishReason, "stop", "the JSON was cut off");
console.log("complete:", Person.parse(JSON.parse(text)));
assert(fieldCounts.size > 2, "the fields came all at once");
