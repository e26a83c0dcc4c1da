// Leaving stops the real worker within the bound: the step that runs, and one more.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RawClient, rawPost, WAYS_TO_LEAVE } from "../support/raw-client.ts";
import { chat } from "../support/sse-client.ts";
import { metric, type RunningService, startWithModel, until } from "../support/start-service.ts";

const SLOTS = 2;
const BATCH = 32;

let running: RunningService;
let chatUrl: string;
beforeAll(async () => {
  running = await startWithModel({ threads: 1, slots: SLOTS, batchSize: BATCH });
  chatUrl = `${running.url}/v1/chat/completions`;
});
afterAll(async () => running.close());

/** Goes on until it is left. */
const endless = { max_tokens: 4000, ignore_eos: true };
/** Takes many steps to read, and starts unlike any other. */
const longPrompt = (name: string) => ({
  ...endless,
  messages: [{ role: "user", content: `${name} ${"word ".repeat(3000)}` }],
});

type Phase = {
  readonly body: object;
  readonly isStreamed: boolean;
  /** Fills every slot first. */
  readonly isQueued?: boolean;
  readonly reached: (client: RawClient) => Promise<void>;
};

const inSlot = async () => until(() => running.service.queue.busy > 0, "it has a slot");

const PHASES: Record<string, Phase> = {
  queued: {
    body: endless,
    isStreamed: false,
    isQueued: true,
    reached: () => until(() => running.service.queue.waiting === 1, "it waits"),
  },
  "prefill of a stream": { body: longPrompt("one"), isStreamed: true, reached: inSlot },
  "prefill of a buffered answer": { body: longPrompt("two"), isStreamed: false, reached: inSlot },
  "decode of a stream": {
    body: endless,
    isStreamed: true,
    reached: (client) => client.sees('"content":"'),
  },
  "decode of a buffered answer": { body: endless, isStreamed: false, reached: inSlot },
};

describe.each(Object.entries(PHASES))("leaving in the phase %s", (_name, phase) => {
  // On a busy machine the news of the leaving may be a step late: hence the second try.
  test.each(Object.keys(WAYS_TO_LEAVE))(
    "by %s frees the slot within two steps",
    { retry: 1 },
    async (way) => {
      const wastedBefore = await metric(running.url, "sluice_tokens_after_leaving_total");
      const others: RawClient[] = [];
      for (let i = 0; i < (phase.isQueued ? SLOTS : 1); i++) {
        others.push(await rawPost(chatUrl, chat({ ...endless, stream: true })));
        await others.at(-1)?.sees('"content":"');
      }
      const client = await rawPost(chatUrl, chat({ ...phase.body, stream: phase.isStreamed }));
      await until(() => running.service.queue.inside === others.length + 1, "it is inside");
      await phase.reached(client);

      WAYS_TO_LEAVE[way]?.(client.socket);

      await until(() => running.service.queue.inside === others.length, "it is gone");
      expect(running.service.queue.busy).toBe(others.length);
      const wasted =
        (await metric(running.url, "sluice_tokens_after_leaving_total")) - wastedBefore;
      expect(wasted).toBeLessThanOrEqual(phase.isQueued ? 0 : 2 * BATCH);
      if (_name.startsWith("decode of a stream")) expect(wasted).toBeLessThanOrEqual(2);
      for (const other of others) other.socket.destroy();
      await until(() => running.service.queue.inside === 0, "all are gone");
    },
  );
});

test("after 32 clients, half of them killed at random moments, nothing is held", async () => {
  const clients = await Promise.all(
    Array.from({ length: 32 }, (_, i) =>
      rawPost(chatUrl, chat({ stream: i % 4 !== 0, max_tokens: 30, ignore_eos: true })),
    ),
  );
  const leavers = clients.filter((_, i) => i % 2 === 0);
  const stayers = clients.filter((_, i) => i % 2 === 1);
  for (const { socket } of leavers) {
    setTimeout(() => socket.resetAndDestroy(), Math.random() * 1500);
  }

  await Promise.all(stayers.map((client) => client.sees('"generated_tokens":30')));

  await until(() => running.service.queue.inside === 0, "all are gone");
  expect(running.service.queue.busy).toBe(0);
  expect(running.service.queue.waiting).toBe(0);
  for (const { socket } of stayers) socket.destroy();
});
