// The worker dies, in every phase: its streams continue in the next one, and the server never stops answering.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { rawPost } from "../support/clients/raw-client.ts";
import { chat, post, postSse, readAll } from "../support/clients/sse-client.ts";
import {
  BUILTIN_MODEL,
  metric,
  type RunningService,
  startWithModel,
  until,
} from "../support/start-service.ts";

let running: RunningService;
let chatUrl: string;
let lastSettings = "";
let restartsBefore = 0;
afterAll(async () => running.close());

/** Starts a service, unless the test before had one with the same settings. */
async function start(settings: Parameters<typeof startWithModel>[0] = {}) {
  if (JSON.stringify(settings) !== lastSettings) {
    await running?.close();
    running = await startWithModel({ threads: 1, slots: 2, restartDelayMs: 5, ...settings });
    lastSettings = JSON.stringify(settings);
  }
  chatUrl = `${running.url}/v1/chat/completions`;
  await until(() => running.service.engine.status().state === "ready", "there is a worker");
  restartsBefore = running.service.engine.status().workerRestarts;
}

/** Since the test began. */
const restarts = () => running.service.engine.status().workerRestarts - restartsBefore;

function killWorker(signal: NodeJS.Signals): void {
  const { workerPid } = running.service.engine.status();
  if (workerPid === null) throw new Error("there is no worker");
  process.kill(workerPid, signal);
}

const endless = { max_tokens: 3000, ignore_eos: true };

/** Delay after the first text of a stream. */
async function whileItWrites(ms: number): Promise<void> {
  await until(async () => (await metric(running.url, "sluice_slots_busy")) > 0, "it runs");
  const beforeMs = performance.now();
  await until(() => performance.now() - beforeMs > ms, "text has been sent");
}

test("killed while decoding: streams continue in the next worker, which also serves the waiting requests", async () => {
  await start({ heartbeatMs: 500 }); // the default is longer than the wait for the next worker
  const streams = await Promise.all(
    [1, 2].map(() => postSse(chatUrl, chat({ ...endless, max_tokens: 600, stream: true }))),
  );
  const reading = streams.map((stream) => readAll(stream));
  await until(() => running.service.queue.busy === 2, "both run");
  const waiting = post(chatUrl, chat({ max_tokens: 5, ignore_eos: true }));
  await until(() => running.service.queue.waiting === 1, "one waits");
  await whileItWrites(150);

  killWorker("SIGKILL");
  await until(() => running.service.engine.status().state === "restarting", "it is gone");
  expect((await fetch(`${running.url}/health`)).status).toBe(200);
  expect((await fetch(`${running.url}/ready`)).status).toBe(503);

  const ended = await Promise.all(reading);
  expect(ended.map(({ isDone }) => isDone)).toEqual([true, true]);
  expect(ended.map(({ chunks }) => chunks.at(-1)?.timings?.generated_tokens)).toEqual([600, 600]);
  expect(ended[0]?.comments.some((comment) => /^(restarting|loading)/.test(comment))).toBe(true);
  expect((await waiting).status).toBe(200);
  expect(restarts()).toBe(1);
  expect(running.service.queue.inside).toBe(0);
});

test("killed while sampling: the same seed gives the same text", async () => {
  await start({ slots: 1, batchSize: 1 }); // reading several tokens at once rounds differently from generating them
  const messages = [{ role: "user", content: "Tell me a story" }];
  const drawn = { messages, temperature: 1, seed: 7, max_tokens: 400, ignore_eos: true };
  const asked = chat({ ...drawn, stream: true });
  const { text: expected } = await readAll(await postSse(chatUrl, asked));

  const reading = readAll(await postSse(chatUrl, asked));
  await whileItWrites(100);
  killWorker("SIGSEGV");

  expect((await reading).text).toBe(expected);
  expect(restarts()).toBe(1);
});

/** The grammar determines every character of the answer. */
const TORTURE = "a\u00e9\ud83e\udd84 0123456789 ".repeat(20);
const forced = {
  response_format: {
    type: "json_schema",
    json_schema: { name: "x", schema: { const: TORTURE } },
  },
  max_tokens: 2_000,
};

test("killed in the middle of an answer with a schema: no character is lost or repeated", async () => {
  await start();
  const reading = readAll(await postSse(chatUrl, chat({ ...forced, stream: true })));
  for (const delayMs of [60, 400]) {
    await until(() => running.service.engine.status().state === "ready", "there is a worker");
    await whileItWrites(delayMs);
    if (running.service.queue.busy > 0) killWorker("SIGKILL");
  }

  const { text, isDone } = await reading;
  expect(isDone).toBe(true);
  expect(JSON.parse(text)).toBe(TORTURE);
  expect(restarts()).toBeGreaterThan(0);
});

test("killed in the middle of a tool call: its arguments are complete and match their schema", async () => {
  await start();
  const tools = [
    {
      type: "function",
      function: {
        name: "f",
        parameters: {
          type: "object",
          properties: { text: { const: TORTURE } },
          required: ["text"],
          additionalProperties: false,
        },
      },
    },
  ];
  const asked = chat({
    tools,
    tool_choice: "required",
    parallel_tool_calls: false,
    max_tokens: 2_000,
  });
  const answer = post(chatUrl, asked);
  await whileItWrites(100);
  killWorker("SIGSEGV");

  const { choices } = (await (await answer).json()) as {
    choices: { message: { tool_calls: { function: { arguments: string } }[] } }[];
  };
  const [call] = choices[0]?.message.tool_calls ?? [];
  expect(JSON.parse(call?.function.arguments ?? "")).toEqual({ text: TORTURE });
  expect(restarts()).toBe(1);
});

test("killed with logprobs: every token has one, before and after the crash", async () => {
  await start();
  const asked = chat({ max_tokens: 400, ignore_eos: true, logprobs: true, top_logprobs: 2 });
  const answer = post(chatUrl, asked);
  await whileItWrites(150);
  killWorker("SIGKILL");

  const { choices, usage } = (await (await answer).json()) as {
    choices: { logprobs: { content: unknown[] } }[];
    usage: { completion_tokens: number };
  };
  expect(choices[0]?.logprobs.content).toHaveLength(usage.completion_tokens);
  expect(usage.completion_tokens).toBe(400);
});

test("killed while it loads: the next worker serves the waiting requests", async () => {
  await start();
  killWorker("SIGKILL");
  await until(() => running.service.engine.status().state === "restarting", "it is being replaced");
  const waiting = post(chatUrl, chat({ max_tokens: 5, ignore_eos: true }));
  await until(() => running.service.engine.status().workerPid !== null, "the next one runs");

  killWorker("SIGKILL");

  expect((await waiting).status).toBe(200);
  expect(restarts()).toBe(2);
});

test("a client that disconnects while there is no worker frees its place in the queue", async () => {
  await start();
  killWorker("SIGKILL");
  await until(() => running.service.engine.status().state === "restarting", "it is being replaced");
  const client = await rawPost(chatUrl, chat({ ...endless, stream: true }));
  await until(() => running.service.queue.inside === 1, "it is inside");

  client.socket.resetAndDestroy();

  await until(() => running.service.queue.inside === 0, "it is gone");
});

test("killed during prefill and during a buffered answer: both run again, and no client notices", async () => {
  await start({ batchSize: 32 });
  const messages = [{ role: "user", content: "word ".repeat(1000) }];
  const prefill = postSse(
    chatUrl,
    chat({ messages, max_tokens: 5, ignore_eos: true, stream: true }),
  );
  const buffered = post(chatUrl, chat({ max_tokens: 300, ignore_eos: true }));
  await until(() => running.service.queue.busy === 2, "both run");

  killWorker("SIGKILL");

  const streamed = await readAll(await prefill);
  expect(streamed.isDone).toBe(true);
  expect(streamed.chunks.at(-1)?.timings?.generated_tokens).toBe(5);
  expect(await (await buffered).json()).toMatchObject({ usage: { completion_tokens: 300 } });
});

test("a hanging worker is detected by its silence and replaced", async () => {
  await start({ hangTimeoutMs: 400 });
  const asked = chat({ max_tokens: 600, ignore_eos: true, stream: true });
  const reading = readAll(await postSse(chatUrl, asked));
  await whileItWrites(200);

  killWorker("SIGSTOP");

  expect((await reading).chunks.at(-1)?.timings?.generated_tokens).toBe(600);
  const next = await post(chatUrl, chat({ max_tokens: 5, ignore_eos: true }));
  expect(next.status).toBe(200);
});

test("a worker that hangs past the deadline of an answer: the client gets the text so far in time", async () => {
  await start({ hangTimeoutMs: 30_000 });
  const messages = [{ role: "user", content: "word ".repeat(100) }];
  await post(chatUrl, chat({ messages, max_tokens: 2 })); // caches the prompt
  const asked = chat({ messages, max_tokens: 3_000, ignore_eos: true });
  const beforeMs = performance.now();
  const answer = post(chatUrl, asked, { "x-deadline-ms": "1500" });
  await whileItWrites(300);
  killWorker("SIGSTOP");

  const body = (await (await answer).json()) as {
    timings: { deadline_reached: boolean; cached_tokens: number };
  };
  expect(performance.now() - beforeMs).toBeLessThan(25_000); // not after the hang limit
  expect(body.timings.deadline_reached).toBe(true);
  expect(body.timings.cached_tokens).toBeGreaterThan(50);
  killWorker("SIGKILL");
});

/** Copies the built-in model, with another value of `tokenizer.ggml.pre` of the same length. */
async function writeWithPreTokenizer(name: string, to: string): Promise<void> {
  const bytes = await readFile(BUILTIN_MODEL);
  bytes.write(name, bytes.indexOf("smollm", bytes.indexOf("tokenizer.ggml.pre")));
  await writeFile(to, bytes);
}

// The bug: the pre-tokenizers of many models recurse for each character of a run, and overflow the stack at about 21,000.
test("long runs of one kind of character do not end the worker, wherever they are tokenized", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "sluice-runs-"));
  const model = path.join(folder, "model.gguf");
  await writeWithPreTokenizer("tekken", model);
  await start({ model });

  for (const run of ["-", "Z", "z", " ", "\n", "7", "中", "😀", "Aa"]) {
    const text = `a${run.repeat(40_000 / run.length)}b`;
    const bodies: [route: string, body: object][] = [
      ["v1/chat/completions", { messages: [{ role: "user", content: text }], max_tokens: 1 }],
      ["v1/completions", { prompt: text, max_tokens: 1 }],
      ["tokenize", { content: text }],
    ];
    for (const [route, body] of bodies)
      expect([200, 400]).toContain((await post(`${running.url}/${route}`, body)).status);
  }

  expect(restarts()).toBe(0);
  await rm(folder, { recursive: true });
});
