// Your own proxy in front of the server (POST /chat/stream, POST /chat), and the chat pages that use it.
// Run: node examples/proxy-express.mjs, then open http://127.0.0.1:3000/chat-plain.html or /chat-react.html
import { pipeline } from "node:stream/promises";
import { build } from "esbuild";
import { EventSourceParserStream } from "eventsource-parser/stream";
import express from "express";

const url = process.env.SLUICE_URL ?? "http://127.0.0.1:8080";
const authorization = `Bearer ${process.env.SLUICE_API_KEY ?? "none"}`; // stays on this server; pages never see it
const json = { "content-type": "application/json" };
const app = express();

app.post("/chat", express.json(), async (req, res) => {
  const answer = await askNew(req, { ...json }, false);
  const { choices, error } = await answer.json();
  if (error) return res.status(answer.status).json({ error: error.message });
  res.json({ content: choices[0].message.content });
});

app.post("/chat/stream", express.json(), async (req, res) => {
  const headers = { ...json, "x-resumable": req.get("x-resumable") ?? "false" };
  await passOn(await askNew(req, headers, true), res);
});

// A request with X-Resumable survives a lost connection for 30 s. These routes reconnect to it or stop it.
app.all("/chat/streams/:id", async (req, res) => {
  const headers = { "last-event-id": req.get("last-event-id") ?? "" };
  await passOn(await ask(req, req.url.replace("/chat/", "/v1/"), { headers }), res);
});

for (const file of ["chat-plain.html", "chat-react.html", "chat.css", "stream-chat.js"])
  app.get(`/${file}`, (_req, res) => res.sendFile(file, { root: import.meta.dirname }));
const entryPoints = [`${import.meta.dirname}/chat-react.jsx`];
const bundle = await build({ entryPoints, bundle: true, write: false, jsx: "automatic" });
app.get("/chat-react.js", (_req, res) => res.type("js").send(bundle.outputFiles[0].text));
app.use((error, _req, res, _next) => {
  if (res.headersSent) return res.destroy(); // the stream has started: cut it, so that the page notices
  res.status(error.status ?? 502).json({ error: error.message });
});
app.listen(process.env.PORT ?? 3000, "127.0.0.1");

function askNew(req, headers, stream) {
  const messages = [{ role: "user", content: req.body?.message }];
  const body = JSON.stringify({ messages, max_tokens: 1500, temperature: 0, stream });
  return ask(req, "/v1/chat/completions", { headers, body });
}

/** Sends a request to the server. A client that disconnects from the proxy aborts it, which stops the model. */
function ask({ method, res }, path, { headers, body }) {
  const leave = new AbortController();
  res.on("close", () => leave.abort());
  headers.authorization = authorization;
  return fetch(url + path, { method, body, headers, signal: leave.signal });
}

async function passOn(answer, res) {
  if (!answer.headers.get("content-type")?.startsWith("text/event-stream")) {
    const text = await answer.text(); // an error, a stopped answer, or an answer that has ended
    return res.status(answer.status).json({ error: text && JSON.parse(text).error?.message });
  }
  res.set({ "content-type": "text/event-stream", "cache-control": "no-cache, no-transform" });
  const address = answer.headers.get("location");
  if (address) res.set("location", address.replace("/v1/", "/chat/"));
  res.flushHeaders();
  const onComment = (comment) => res.write(`:${comment}\n\n`); // heartbeats and the queue position
  const parser = new EventSourceParserStream({ onComment });
  const events = answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(parser);
  await pipeline(events, toFrames, res);
}

async function* toFrames(events) {
  for await (const { id, data } of events) {
    const { choices, error } = data === "[DONE]" ? {} : JSON.parse(data);
    const content = choices?.[0]?.delta.content;
    if (choices && !content) continue;
    const message = error ? { error: error.message } : choices ? { content } : { done: true };
    yield `${id ? `id: ${id}\n` : ""}data: ${JSON.stringify(message)}\n\n`;
  }
}
