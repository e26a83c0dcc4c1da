// Several answers over one WebSocket: two streams at the same time, one of which is cancelled.
// Run: node examples/websocket.mjs
import assert from "node:assert/strict";
import { once } from "node:events";
import { WebSocket } from "ws"; // Node 22 and later have a built-in one

const url = process.env.SLUICE_URL ?? "http://127.0.0.1:8080";
const headers = { authorization: `Bearer ${process.env.SLUICE_API_KEY ?? "none"}` };
const socket = new WebSocket(`${url.replace(/^http/, "ws")}/v1/ws`, { headers });
await once(socket, "open");

const requests = new Map(); // by id: { text, resolve }
socket.on("message", (bytes) => {
  const { type, id, data, reason, error } = JSON.parse(bytes);
  const request = requests.get(id);
  if (type === "event" && data !== "[DONE]") {
    if (data.error) console.log(`[${id}] ${data.error.message}`);
    const text = data.choices?.[0].delta.content ?? "";
    request.text += text;
    request.onText(text);
  }
  if (type === "error") console.error(id, error.message);
  if (type === "end") request.resolve({ text: request.text, reason });
});

const short = ask("short", "What is streaming?", 60);
const long = ask("long", "Count from 1 to 500.", 2000, () => cancel("long")); // on its first text
const answers = { short: await short, long: await long };
console.log(answers);
assert.equal(answers.short.reason, "done");
assert.notEqual(answers.short.text, "");
assert.equal(answers.long.reason, "cancelled");
socket.close();

/** @returns the text and the end reason of the answer */
function ask(id, content, max_tokens, onText = () => {}) {
  const body = { messages: [{ role: "user", content }], max_tokens, temperature: 0, stream: true };
  send({ type: "request", id, path: "/v1/chat/completions", body });
  return new Promise((resolve) => requests.set(id, { text: "", onText, resolve }));
}

function cancel(id) {
  if (requests.get(id).text !== "") send({ type: "cancel", id });
}

function send(message) {
  socket.send(JSON.stringify(message));
}
