// Three ways to stop an answer: leave the loop, abort, or DELETE it by its id. The server stops at once.
// Run: node examples/cancel.mjs
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import OpenAI from "openai";

const url = process.env.SLUICE_URL ?? "http://127.0.0.1:8080";
const apiKey = process.env.SLUICE_API_KEY ?? "none";
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
const headers = { authorization: `Bearer ${apiKey}` };

await check("leaving the loop", async (stream) => {
  for await (const chunk of stream) if (hasText(chunk)) break; // the SDK closes the connection
});

await check("an abort", async (stream) => {
  for await (const chunk of stream) if (hasText(chunk)) stream.controller.abort();
});

await check("DELETE /v1/requests/{id}", async (stream, id) => {
  let isStopped = false;
  const reading = (async () => {
    for await (const chunk of stream) {
      if (!hasText(chunk) || isStopped) continue; // chunks that were already on their way
      await stopById(id);
      isStopped = true;
    }
  })();
  await assert.rejects(reading, { code: "cancelled" }); // the stream ends with an error
});

/** Starts a long answer, stops it, and waits until the server no longer lists it. */
async function check(way, stop) {
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
  const stoppedAt = performance.now();
  while ((await running()).some((each) => each.id === id)) {
    assert(performance.now() - stoppedAt < 2000, `the answer still runs after ${way}`);
    await sleep(5);
  }
  console.log(`${way}: stopped after ${Math.round(performance.now() - stoppedAt)} ms`);
}

async function running() {
  return (await (await fetch(`${url}/v1/requests`, { headers })).json()).data;
}

async function stopById(id) {
  const { status } = await fetch(`${url}/v1/requests/${id}`, { method: "DELETE", headers });
  assert.equal(Math.floor(status / 100), 2);
}

function hasText(chunk) {
  return Boolean(chunk.choices[0]?.delta.content);
}
