// Several APIs behind one interface, an async generator of text. Here the same server serves all of them.
// Run: node examples/providers.mjs
import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import { EventSourceParserStream } from "eventsource-parser/stream";
import OpenAI from "openai";

const url = process.env.SLUICE_URL ?? "http://127.0.0.1:8080";
const apiKey = process.env.SLUICE_API_KEY ?? "none";
const model = process.env.SLUICE_MODEL ?? "builtin";
const maxTokens = 60;

const providers = {
  async *openai(messages) {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey });
    const request = { model, messages, max_tokens: maxTokens, temperature: 0, stream: true };
    for await (const { choices } of await client.chat.completions.create(request))
      yield choices[0].delta.content ?? "";
  },

  async *anthropic(messages) {
    const client = new Anthropic({ baseURL: url, apiKey });
    const request = { model, messages, max_tokens: maxTokens, stream: true };
    for await (const { type, delta } of await client.messages.create(request))
      if (type === "content_block_delta") yield delta.text ?? "";
  },

  async *ollama(messages) {
    const options = { num_predict: maxTokens, temperature: 0 };
    const body = await post("/api/chat", { model, messages, options, stream: true });
    let rest = "";
    for await (const text of body) {
      const lines = (rest + text).split("\n"); // one JSON object per line
      rest = lines.pop();
      for (const line of lines) yield JSON.parse(line).message?.content ?? "";
    }
  },

  async *gemini(messages) {
    const roles = { user: "user", assistant: "model" };
    const contents = messages.map(({ role, content }) => ({
      role: roles[role],
      parts: [{ text: content }],
    }));
    const generationConfig = { maxOutputTokens: maxTokens, temperature: 0 };
    const path = `/v1beta/models/${model}:streamGenerateContent?alt=sse`;
    const body = await post(path, { contents, generationConfig });
    for await (const { data } of body.pipeThrough(new EventSourceParserStream()))
      yield JSON.parse(data).candidates?.[0].content?.parts?.[0].text ?? "";
  },
};

for (const [name, stream] of Object.entries(providers)) {
  const messages = [{ role: "user", content: "What is streaming?" }];
  let text = "";
  for await (const piece of stream(messages)) text += piece;
  console.log(`${name}: ${text}`);
  assert.notEqual(text, "", `${name} sent no text`);
}

async function post(path, body) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${apiKey}` };
  const response = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
  return response.body.pipeThrough(new TextDecoderStream());
}
