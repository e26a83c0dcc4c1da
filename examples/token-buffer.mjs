// A smoother display: text appears in small even steps, one every 50 ms, however unevenly tokens arrive.
// (The server can send whole words: "stream_options": {"flush": "word"}.) Run: node examples/token-buffer.mjs
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import OpenAI from "openai";

const url = process.env.SLUICE_URL ?? "http://127.0.0.1:8080";
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: process.env.SLUICE_API_KEY ?? "none" });

const stream = await client.chat.completions.create({
  model: process.env.SLUICE_MODEL ?? "builtin",
  messages: [{ role: "user", content: "Count from 1 to 100." }],
  max_tokens: 200,
  temperature: 0,
  stream: true,
});

let deltas = 0;
let steps = 0;
let received = "";
let shown = "";
for await (const text of evenly(textOf(stream), { everyMs: 50 })) {
  steps++;
  shown += text;
  process.stdout.write(text);
}
console.log(`\n${deltas} deltas received, ${steps} steps shown`);
assert(steps > 1 && steps < deltas, "the steps are not fewer than the deltas");
assert.equal(shown, received);

async function* textOf(chunks) {
  for await (const chunk of chunks) {
    const text = chunk.choices[0]?.delta.content;
    if (!text) continue;
    deltas++;
    received += text;
    yield text;
  }
}

/** Yields a quarter of the waiting text at every step, so that the display never falls far behind. */
async function* evenly(source, { everyMs }) {
  let waiting = "";
  let hasEnded = false;
  const reading = (async () => {
    for await (const text of source) waiting += text;
  })().finally(() => {
    hasEnded = true;
  });
  while (!hasEnded || waiting !== "") {
    const characters = Array.from(waiting); // whole characters: an emoji is two code units
    const step = characters.slice(0, Math.ceil(characters.length / 4)).join("");
    waiting = waiting.slice(step.length);
    if (step !== "") yield step;
    await sleep(everyMs);
  }
  await reading; // rethrows errors of the stream
}
