// A client that disconnects stops the real worker, in every phase, in every way, whatever else is running. This tests the whole
// path; unit/worker/step/generate.test.ts tests that an aborted request takes part in no further decode.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Lane } from "../../src/queue/lane.ts";
import { NEIGHBOUR_TOKENS, startNeighbour } from "../support/clients/busy-neighbour.ts";
import { LEAVING, type LeavingClient } from "../support/clients/leaving-client.ts";
import { type RawClient, rawPost } from "../support/clients/raw-client.ts";
import { chat } from "../support/clients/sse-client.ts";
import {
  BUILTIN_MODEL,
  metric,
  type RunningService,
  startWithModel,
  until,
} from "../support/start-service.ts";

const SLOTS = 4;
const BATCH = 32;

const NEIGHBOUR = "neighbour";

let running: RunningService;
let chatUrl: string;
/** The slots of the model that is left, beside those of its neighbour. */
let lane: Lane;
beforeAll(async () => {
  const model = [BUILTIN_MODEL, { name: NEIGHBOUR, path: BUILTIN_MODEL, context: 1024, slots: 1 }];
  running = await startWithModel({ model, threads: 1, slots: SLOTS, batchSize: BATCH });
  chatUrl = `${running.url}/v1/chat/completions`;
  ({ lane } = running.service.models.default);
});
afterAll(async () => running.close());

/**
 * A step of this model takes less than a millisecond, and the disconnect has to pass the event loop, which the client shares
 * here, and the process boundary. On a busy machine that takes many steps, but far fewer than the request has left.
 */
const FEW = 1_000;
/** Generates until its client disconnects. */
const endless = { max_tokens: 3000, ignore_eos: true };
let count = 0;
/** Takes many steps to read, and shares no prefix with other prompts. */
const longPrompt = (words = 3000) => ({
  messages: [{ role: "user", content: `${count++} ${"word ".repeat(words)}` }],
});
/** A text with very many tokens. */
const long = { type: "string", minLength: 5000, maxLength: 6000 };
const tool = {
  type: "function",
  function: {
    name: "write",
    parameters: { type: "object", properties: { text: long }, required: ["text"] },
  },
};
const schema = { name: "x", schema: long };

type Phase = {
  readonly body: () => object;
  readonly path?: string;
  /** Occupies every slot, even when run alone. */
  readonly isQueued?: boolean;
  readonly reached: (client: LeavingClient) => Promise<void>;
  /** Tokens that may still be computed. */
  readonly bound: number;
};

/** Requests of the model, with or without a slot. */
const inside = () => running.service.queue.insideLane(lane.name);
/** Other requests that hold a slot. */
let othersRunning = 0;
const inSlot = () => until(() => lane.busy > othersRunning, "it has a slot");
const writes = (client: LeavingClient) => client.sees('"content":"');

const PHASES: Record<string, Phase> = {
  "waiting for a slot": {
    body: () => ({ ...endless }),
    isQueued: true,
    reached: () => until(() => lane.waiting === 1, "it waits"),
    bound: 0,
  },
  rendering: {
    body: () => ({ ...longPrompt(2900), ...endless, stream: true }),
    reached: () => until(() => inside() > othersRunning, "it is inside"),
    bound: FEW,
  },
  "the prompt of a stream": {
    body: () => ({ ...longPrompt(), ...endless, stream: true }),
    reached: inSlot,
    bound: FEW,
  },
  "the prompt of a body": {
    body: () => ({ ...longPrompt(), ...endless }),
    reached: inSlot,
    bound: FEW,
  },
  "a stream": { body: () => ({ ...endless, stream: true }), reached: writes, bound: FEW },
  "a body": { body: () => endless, reached: inSlot, bound: FEW },
  "four choices": {
    body: () => ({ ...endless, n: 4, stream: true }),
    reached: writes,
    bound: 2 * FEW,
  },
  "a call of a tool": {
    body: () => ({ max_tokens: 3000, tools: [tool], tool_choice: "required", stream: true }),
    reached: (client) => client.sees('"arguments":"'),
    bound: FEW,
  },
  "an answer of a schema": {
    body: () => ({
      max_tokens: 3000,
      response_format: { type: "json_schema", json_schema: schema },
      stream: true,
    }),
    reached: writes,
    bound: FEW,
  },
  "between its last token and its end": {
    body: () => ({ max_tokens: 20, ignore_eos: true, stream: true }),
    reached: (client) => client.sees('"finish_reason":"length"'),
    bound: 0,
  },
  "a long list of embeddings": {
    path: "/v1/embeddings",
    body: () => ({ input: Array.from({ length: 2_000 }, (_, n) => `${n} ${"word ".repeat(50)}`) }),
    reached: () => until(() => running.service.embeddingQueue.busy === 1, "it is computed"),
    bound: 0,
  },
};

const WAYS = Object.keys(LEAVING);
const BESIDE = "beside a busy neighbour";
/** In these phases, a worker has to notice the disconnect in time while another one takes its CPU. */
const BESIDE_PHASES = [
  "waiting for a slot",
  "the prompt of a stream",
  "a stream",
  "four choices",
  "a long list of embeddings",
];

/** Alone, every phase meets every way to disconnect; beside other streams, each phase meets one way. */
function waysOf(traffic: string, index: number): string[] {
  return traffic === "alone" ? WAYS : WAYS.filter((_, way) => way === index % WAYS.length);
}

describe.each(["alone", "with all other slots busy", BESIDE])("%s", (traffic) => {
  const phases = Object.entries(PHASES)
    .map(([name, phase], index) => [name, phase, waysOf(traffic, index)] as const)
    .filter(([name]) => traffic !== BESIDE || BESIDE_PHASES.includes(name));
  describe.each(phases)("a client that disconnects in %s", (_name, phase, ways) => {
    test.each(ways)("by %s frees everything it held", async (way) => {
      const neighbour = traffic === BESIDE ? await startNeighbour(running.url, NEIGHBOUR) : null;
      const busy = traffic === "with all other slots busy" ? SLOTS - 1 : 0;
      const others = await fill(phase.isQueued ? SLOTS : busy);
      const wastedBefore = await metric(running.url, "sluice_tokens_after_leaving_total");
      const url = `${running.url}${phase.path ?? "/v1/chat/completions"}`;
      const body = phase.path ? phase.body() : chat(phase.body());
      const client = await LEAVING[way]?.({ url, body });
      if (!client) throw new Error(`there is no way ${way}`);
      await phase.reached(client);

      client.leave();

      const { embeddingQueue } = running.service;
      await until(() => inside() === others.length && embeddingQueue.inside === 0, "it is gone");
      expect([lane.busy, lane.waiting]).toEqual([others.length, 0]);
      const wasted = await metric(running.url, "sluice_tokens_after_leaving_total");
      expect(wasted - wastedBefore).toBeLessThanOrEqual(phase.bound);
      for (const other of others) other.socket.destroy();
      await until(() => inside() === 0, "all are gone");
      const complete = { isDone: true, tokens: NEIGHBOUR_TOKENS, waits: [] };
      for (const answer of (await neighbour?.stop())?.slice(1) ?? [])
        expect(answer).toEqual(complete); // the first one may have waited until the model was loaded
    });
  });
});

/** Streams that keep running. */
async function fill(slots: number): Promise<RawClient[]> {
  const others: RawClient[] = [];
  for (let number = 0; number < slots; number++) {
    others.push(await rawPost(chatUrl, chat({ ...endless, stream: true })));
    await others.at(-1)?.sees('"content":"');
  }
  othersRunning = slots;
  return others;
}

test("after 32 clients, half of them cut at random moments, everything is free again", async () => {
  const clients = await Promise.all(
    Array.from({ length: 32 }, (_, i) =>
      rawPost(chatUrl, chat({ stream: i % 4 !== 0, max_tokens: 30, ignore_eos: true })),
    ),
  );
  const leavers = clients.filter((_, i) => i % 2 === 0);
  const stayers = clients.filter((_, i) => i % 2 === 1);
  for (const { socket } of leavers) {
    setTimeout(() => socket.resetAndDestroy(), Math.random() * 500);
  }

  await Promise.all(stayers.map((client) => client.sees('"generated_tokens":30')));

  await until(() => running.service.queue.inside === 0, "all are gone");
  expect(running.service.queue.busy).toBe(0);
  expect(running.service.queue.waiting).toBe(0);
  for (const { socket } of stayers) socket.destroy();
});
