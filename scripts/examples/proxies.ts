// Drives a proxy as its clients would: buffered, streamed, with all slots taken, and by leaving in the middle.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { EventSourceParserStream } from "eventsource-parser/stream";
import { type ProgramOptions, startProgram } from "./program.ts";
import { countEnded, slotsBusy } from "./server.ts";

const START_MS = 30_000;
const STOP_MS = 2_000;
const SHORT = "What is streaming?";
const LONG = "Count from 1 to 500.";
/** The server's default. */
const SLOTS = 4;

export type Proxy = {
  readonly url: string;
  readonly stop: () => void;
};

export async function startProxy(options: ProgramOptions): Promise<Proxy> {
  const port = await freePort();
  const program = startProgram({ ...options, env: { ...options.env, PORT: String(port) } });
  const url = `http://127.0.0.1:${port}`;
  const until = performance.now() + START_MS;
  while (!(await answers(url))) {
    if (performance.now() > until) {
      program.stop();
      throw new Error(`does not answer\n${program.output()}`);
    }
    await sleep(100);
  }
  return { url, stop: program.stop };
}

/** @throws Error with what did not happen */
export async function driveProxy(proxy: string, server: string): Promise<void> {
  const { content } = (await (await post(`${proxy}/chat`, SHORT)).json()) as { content: string };
  assert.ok(content, "POST /chat has no content");

  const { messages, comments } = await readStream(await post(`${proxy}/chat/stream`, SHORT));
  const text = messages.map((message) => message.content ?? "").join("");
  assert.ok(messages.length > 5, "the stream came in too few messages");
  assert.equal(text, content, "streamed and buffered differ");
  assert.deepEqual(messages.at(-1), { done: true });
  assert.match(comments[0] ?? "", /^ ?connected heartbeat_ms=/);

  await leavesStop(`${proxy}/chat/stream`, server);
  await leavesStop(`${proxy}/chat`, server);
  await passesCommentsOn(proxy, server);
}

/** The model stops for a client that leaves: not at its answer's end, but as aborted. */
async function leavesStop(url: string, server: string): Promise<void> {
  const before = await countEnded(server, "aborted");
  const leave = new AbortController();
  const asked = post(url, LONG, leave.signal).then((response) => response.text());
  await until("it runs", async () => (await slotsBusy(server)) > 0);
  leave.abort();
  await assert.rejects(asked);
  await until("it has stopped", async () => (await slotsBusy(server)) === 0);
  assert.equal(
    await countEnded(server, "aborted"),
    before + 1,
    `${url}: the answer went on to its end`,
  );
}

async function passesCommentsOn(proxy: string, server: string): Promise<void> {
  const leave = new AbortController();
  const body = { prompt: "1", max_tokens: 3_000, ignore_eos: true };
  const init = { method: "POST", headers: JSON_TYPE, signal: leave.signal };
  for (let slot = 0; slot < SLOTS; slot++)
    fetch(`${server}/v1/completions`, { ...init, body: JSON.stringify(body) }).catch(() => {});
  await until("all slots are taken", async () => (await slotsBusy(server)) === SLOTS);
  const response = await post(`${proxy}/chat/stream`, SHORT, leave.signal);
  let heard = "";
  for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    heard += part;
    if (/^: ?queued/m.test(heard)) break;
    assert.doesNotMatch(heard, /content/, "the place in the queue was not passed on");
  }
  leave.abort();
  await until("all have stopped", async () => (await slotsBusy(server)) === 0);
}

const JSON_TYPE = { "content-type": "application/json" };

function post(url: string, message: string, signal: AbortSignal | null = null): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: JSON_TYPE,
    body: JSON.stringify({ message }),
    signal,
  });
}

type Message = { readonly content?: string; readonly done?: boolean; readonly error?: string };

async function readStream(response: Response) {
  const comments: string[] = [];
  const messages: Message[] = [];
  const parser = new EventSourceParserStream({ onComment: (comment) => comments.push(comment) });
  const events = response.body?.pipeThrough(new TextDecoderStream()).pipeThrough(parser);
  for await (const { data } of events ?? []) messages.push(JSON.parse(data) as Message);
  return { messages, comments };
}

/** @throws Error when it takes too long */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + STOP_MS;
  while (!(await isSo())) {
    assert.ok(performance.now() < end, `waited in vain: ${what}`);
    await sleep(10);
  }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address ? address.port : 0;
}
