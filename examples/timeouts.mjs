// Time limits: a deadline enforced by the server, and a client that detects a dead connection by missed heartbeats.
// Run: node examples/timeouts.mjs
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { createParser } from "eventsource-parser";

const url = process.env.SLUICE_URL ?? "http://127.0.0.1:8080";
const apiKey = process.env.SLUICE_API_KEY ?? "none";

console.log("-- a long answer with a deadline of 500 ms");
const start = performance.now();
const { text, last } = await ask(url, { "x-deadline-ms": "500" });
console.log(`${Math.round(performance.now() - start)} ms, ${text.length} characters of text`);
assert.equal(last.choices[0].finish_reason, "length");
assert.equal(last.timings.deadline_reached, true);

console.log("-- a connection that silently dies during the answer");
const network = await networkThatDies();
await assert
  .rejects(ask(network.url), { message: /^nothing for \d+ ms/ })
  .then(() => console.log("detected: three heartbeats were missed"));
network.close();

/** Reads a stream to its end. @throws Error if three heartbeats are missed */
async function ask(base, headers = {}) {
  const leave = new AbortController();
  const messages = [{ role: "user", content: "Count from 1 to 500." }];
  const options = { max_tokens: 3500, ignore_eos: true, temperature: 0, stream: true };
  const response = await fetch(`${base}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}`, ...headers },
    body: JSON.stringify({ messages, ...options }),
    signal: leave.signal,
  });
  let silenceMs = 15_000; // until the server announces its heartbeat interval
  let text = "";
  let last;
  const parser = createParser({
    onComment(comment) {
      const announced = /heartbeat_ms=(\d+)/.exec(comment);
      if (announced) silenceMs = 3 * Number(announced[1]);
    },
    onEvent({ data }) {
      if (data === "[DONE]") return;
      last = JSON.parse(data);
      text += last.choices[0].delta.content ?? "";
    },
  });
  const decoder = new TextDecoder();
  const giveUp = () => leave.abort(new Error(`nothing for ${silenceMs} ms`));
  let timer = setTimeout(giveUp, silenceMs);
  try {
    for await (const bytes of response.body) {
      parser.feed(decoder.decode(bytes, { stream: true }));
      clearTimeout(timer); // any byte counts, including comments
      timer = setTimeout(giveUp, silenceMs);
    }
  } finally {
    clearTimeout(timer);
  }
  return { text, last };
}

/** A proxy that forwards the first bytes and then silently stops. */
async function networkThatDies() {
  const { hostname, port } = new URL(url);
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(port || 80), hostname);
    client.pipe(upstream);
    let count = 0;
    upstream.on("data", (bytes) => ++count <= 3 && client.write(bytes));
    client.on("error", () => {}).on("close", () => upstream.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
