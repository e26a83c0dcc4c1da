// Sixteen clients that read nothing, on four slots: each takes only the memory of its buffers, other clients are served
// meanwhile, and all of them are cut. Deltas are large, because loopback sockets take megabytes.

import { afterEach, expect, test } from "vitest";
import { type RawClient, rawPost } from "../../support/clients/raw-client.ts";
import { chat, postSse, readAll } from "../../support/clients/sse-client.ts";
import { bytesInUse } from "../../support/heap.ts";
import { metric, startWithFake, until } from "../../support/start-service.ts";

const STALLED = 16;
const SLOTS = 4;
const OTHERS = 5;
const TOKENS = 10;
const DELTA_BYTES = 65_536;
const RESUME_BUFFER = 2 * 1_048_576;
/** Memory for log lines, caches and compiled code. */
const MOST_LEFT_BYTES = 4 * 1_048_576;
const RESUMABLE = { "x-resumable": "true" };

type Running = Awaited<ReturnType<typeof startWithFake>>;
let running: Running;
let stalled: RawClient[] = [];
afterEach(async () => {
  for (const { socket } of stalled) socket.destroy();
  stalled = [];
  await running.close();
});

async function start(stallTimeoutMs: number): Promise<void> {
  const engine = { texts: ["x".repeat(DELTA_BYTES)], tokens: Infinity, parkTimeoutMs: 10 };
  running = await startWithFake(engine, {
    ...{ slots: SLOTS, queue: 2 * STALLED, stallTimeoutMs },
    ...{ resumeBuffer: RESUME_BUFFER, resumeGraceMs: 200 },
  });
}

const ask = (tokens: number) => chat({ stream: true, max_tokens: tokens });
const chatUrl = () => `${running.url}/v1/chat/completions`;
/** Number of open sockets, timers and other resources. */
const handles = () => process.getActiveResourcesInfo().length;

async function askDeaf(headers: Record<string, string>): Promise<void> {
  const asked = Array.from({ length: STALLED }, () =>
    rawPost(chatUrl(), ask(4_000), { isDeaf: true, headers }),
  );
  stalled = await Promise.all(asked);
}

async function allStandStill(): Promise<void> {
  let last = -1;
  await until(async () => {
    const { tokensComputed } = running.engine;
    const isStill = tokensComputed === last && running.service.queue.waiting === 0;
    last = tokensComputed;
    await new Promise((resolve) => setTimeout(resolve, 100)); // there is no event for an idle server
    return isStill;
  }, "all stand still");
}

async function readOthers(): Promise<void> {
  const reading = Array.from({ length: OTHERS }, async () =>
    readAll(await postSse(chatUrl(), ask(TOKENS))),
  );
  for (const { text, isDone } of await Promise.all(reading))
    expect([text.length, isDone]).toEqual([TOKENS * DELTA_BYTES, true]);
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
  // A delta is written in one piece, and the reader's side of the connection takes one more.
  ["stalled readers", {}, 6 * DELTA_BYTES],
  // All together may keep twice their memory, and each one delta more.
  ["resumable ones", RESUMABLE, 9 * DELTA_BYTES + (2 * RESUME_BUFFER) / STALLED],
])(
  "%s take only the memory of their buffers, and others are served",
  async (_, headers, mostBytes) => {
    await start(600_000);
    await readOthers(); // fills caches
    const before = { bytes: await bytesInUse(), handles: handles() };

    await askDeaf(headers);
    await allStandStill();
    expect(((await bytesInUse()) - before.bytes) / STALLED).toBeLessThan(mostBytes);
    await readOthers();

    expect(running.service.queue.inside).toBe(STALLED); // none had to be cut to serve the others
    for (const { socket } of stalled) socket.destroy();
    await nothingIsLeft();
  },
);

test.each([
  ["stalled readers", {}, "client_stalled"],
  ["resumable ones", RESUMABLE, "aborted"],
])("%s are cut, and all their resources are free", async (_, headers, outcome) => {
  await start(300);
  await readOthers();
  const before = { bytes: await bytesInUse(), handles: handles() };

  await askDeaf(headers);
  await until(() => ended(outcome) === STALLED, "all are cut");

  for (const { socket } of stalled) socket.destroy(); // they have not read the end of the connection
  await nothingIsLeft();
  await until(() => handles() <= before.handles, "nothing is open");
  expect((await bytesInUse()) - before.bytes).toBeLessThan(MOST_LEFT_BYTES);
});
