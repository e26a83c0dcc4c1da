// The same question streamed and buffered: time to first token, total, tokens per second (OpenAI's SDK).
// Run: node examples/metrics.mjs
import assert from "node:assert/strict";
import OpenAI from "openai";

const url = process.env.SLUICE_URL ?? "http://127.0.0.1:8080";
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: process.env.SLUICE_API_KEY ?? "none" });
const request = {
  model: process.env.SLUICE_MODEL ?? "builtin",
  messages: [{ role: "user", content: "Count from 1 to 100." }],
  max_tokens: 200,
  temperature: 0,
};

const streamed = await askStreamed();
const buffered = await askBuffered();
console.table({ streamed, buffered });
assert(streamed.firstTextMs < streamed.totalMs, "the text came all at once");

async function askStreamed() {
  const start = performance.now();
  const stream = await client.chat.completions.create({
    ...request,
    stream: true,
    stream_options: { include_usage: true }, // sends token counts in a last chunk without choices
  });
  let firstTextMs;
  let tokens;
  for await (const chunk of stream) {
    const text = chunk.choices[0]?.delta.content ?? "";
    if (text !== "") firstTextMs ??= performance.now() - start;
    process.stdout.write(text);
    tokens = chunk.usage?.completion_tokens ?? tokens;
  }
  console.log();
  assert(firstTextMs, "no text came");
  return figures({ firstTextMs, totalMs: performance.now() - start, tokens });
}

async function askBuffered() {
  const start = performance.now();
  const { usage } = await client.chat.completions.create(request);
  const totalMs = performance.now() - start; // no text is available earlier
  return figures({ firstTextMs: totalMs, totalMs, tokens: usage.completion_tokens });
}

function figures({ firstTextMs, totalMs, tokens }) {
  const tokensPerSecond = Math.round(tokens / (totalMs / 1000));
  return {
    firstTextMs: Math.round(firstTextMs),
    totalMs: Math.round(totalMs),
    tokens,
    tokensPerSecond,
  };
}
