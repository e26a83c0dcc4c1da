// Three ways to stop an answer (leave the loop, abort, from outside by its id), and that the server stops at once.
// Run: node examples/cancel.mjs
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import OpenAI from "openai";

const url = process.env.SLUICE_URL ?? "http://127.0.0.1:8080";
const apiKey = process.env.SLUICE_API_KEY ?? "none";
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
const headers = { authorization: `Bearer ${apiKey}` };

await stopBy("leaving the loop", async (stream) => {
  for await (const chunk of stream) if (hasText(chunk)) break; // the SDK closes the connection
});

await stopBy("an abort", async (stream) => {
  for await (const chunk of stream) if (hasText(chunk)) stream.controller.abort();
});

await stopBy("DELETE /v1/requests/{id}", async (stream, id) => {
  let isStopped = false;
  const reading = (async () => {
    for await (const chunk of stream) {
      if (!hasText(chunk) || isStopped) continue; // some may have been on their way already
      await stopFromOutside(id);
      isStopped = true;
    }
  })();
  await assert.rejects(reading, { code: "cancelled" }); // its reader is told, by an error in the stream
});

/** Begins an answer that would take long, stops it, and waits until the server no longer has it. */
async function stopBy(way, stop) {
  const id = `cancel-${crypto.randomUUID()}`;
  const request = {
    model: process.env.SLUICE_MODEL ?? "builtin",
    messages: [{ role: "user", content: "Count from 1 to 500." }],
    max_tokens: 3000,
    ignore_eos: true,
    stream: true,
  };
  await stop(
    await client.chat.completions.create(request, { headers: { "x-request-id": id } }),
    id,
  );
  const left = performance.now();
  while ((await running()).some((each) => each.id === id)) {
    assert(performance.now() - left < 2000, `it still runs after ${way}`);
    await sleep(5);
  }
  console.log(`${way}: gone from the server after ${Math.round(performance.now() - left)} ms`);
}

async function running() {
  return (await (await fetch(`${url}/v1/requests`, { headers })).json()).data;
}

async function stopFromOutside(id) {
  const { status } = await fetch(`${url}/v1/requests/${id}`, { method: "DELETE", headers });
  assert.equal(Math.floor(status / 100), 2);
}

function hasText(chunk) {
  return Boolean(chunk.choices[0]?.delta.content);
}
