// Two hundred readers that take nothing, on four slots: each costs what its buffers may hold, nobody else notices, and all
// of them are cut. Deltas are large: loopback sockets take megabytes.

import { afterEach, expect, test } from "vitest";
import { type RawClient, rawPost } from "../../support/clients/raw-client.ts";
import { chat, postSse, readAll } from "../../support/clients/sse-client.ts";
import { bytesInUse } from "../../support/heap.ts";
import { metric, startWithFake, until } from "../../support/start-service.ts";

const STALLED = 200;
const SLOTS = 4;
const OTHERS = 8;
const TOKENS = 50;
const DELTA_BYTES = 65_536;
const RESUME_BUFFER = 16 * 1_048_576;
/** What log lines, caches and compiled code take. */
const MOST_LEFT_BYTES = 16 * 1_048_576;
const RESUMABLE = { "x-resumable": "true" };

type Running = Awaited<ReturnType<typeof startWithFake>>;
let running: Running;
let deaf: RawClient[] = [];
afterEach(async () => {
  for (const { socket } of deaf) socket.destroy();
  deaf = [];
  await running.close();
});

async function start(): Promise<void> {
  const engine = { texts: ["x".repeat(DELTA_BYTES)], tokens: Infinity, parkTimeoutMs: 10 };
  running = await startWithFake(engine, {
    ...{ slots: SLOTS, queue: 2 * STALLED, stallTimeoutMs: 8_000 },
    ...{ resumeBuffer: RESUME_BUFFER, resumeGraceMs: 200 },
  });
}

const ask = (tokens: number) => chat({ stream: true, max_tokens: tokens });
const chatUrl = () => `${running.url}/v1/chat/completions`;
/** Sockets, timers and whatever else is open. */
const handles = () => process.getActiveResourcesInfo().length;

async function stall(headers: Record<string, string> = {}): Promise<void> {
  const asked = Array.from({ length: STALLED }, () =>
    rawPost(chatUrl(), ask(4_000), { isDeaf: true, headers }),
  );
  deaf = await Promise.all(asked);
  let last = -1;
  await until(async () => {
    const { tokensComputed } = running.engine;
    const isStill = tokensComputed === last && running.service.queue.waiting === 0;
    last = tokensComputed;
    await new Promise((resolve) => setTimeout(resolve, 100)); // nothing tells that nothing happens
    return isStill;
  }, "all stand still");
}

/** @returns how long the readers took that do read */
async function readOthers(): Promise<number> {
  const startedAtMs = performance.now();
  const reading = Array.from({ length: OTHERS }, async () =>
    readAll(await postSse(chatUrl(), ask(TOKENS))),
  );
  for (const { text, isDone } of await Promise.all(reading))
    expect([text.length, isDone]).toEqual([TOKENS * DELTA_BYTES, true]);
  return performance.now() - startedAtMs;
}

async function nothingIsLeft(): Promise<void> {
  const { service, url, engine } = running;
  await until(() => service.queue.inside === 0, "all are gone");
  const listed = (await (await fetch(`${url}/v1/requests`)).json()) as { data: object[] };
  expect([service.queue.busy, service.queue.waiting, engine.running]).toEqual([0, 0, 0]);
  expect([await metric(url, "sluice_slots_busy"), listed.data.length]).toEqual([0, 0]);
}

const ended = (outcome: string) =>
  running.logLines.filter((line) => line.outcome === outcome).length;

test.each([
  // A delta is written as it is, and the reader's own side of the connection takes one more.
  ["stalled readers", {}, 6 * DELTA_BYTES, "client_stalled"],
  // All of them together may keep twice what they are given, and each one delta more.
  ["resumable ones", RESUMABLE, 9 * DELTA_BYTES + (2 * RESUME_BUFFER) / STALLED, "aborted"],
])(
  "%s cost no more than their buffers, harm nobody, and are cut",
  async (_, headers, mostBytes, outcome) => {
    await start();
    const aloneMs = await readOthers();
    const before = { bytes: await bytesInUse(), handles: handles() };

    await stall(headers);
    expect(((await bytesInUse()) - before.bytes) / STALLED).toBeLessThan(mostBytes);
    expect(await readOthers()).toBeLessThan(4 * aloneMs + 1_000);

    await until(() => ended(outcome) === STALLED, "all are cut");
    for (const { socket } of deaf) socket.destroy(); // they have not read that far
    await nothingIsLeft();
    await until(() => handles() <= before.handles, "nothing is open");
    expect((await bytesInUse()) - before.bytes).toBeLessThan(MOST_LEFT_BYTES);
  },
  60_000,
);
