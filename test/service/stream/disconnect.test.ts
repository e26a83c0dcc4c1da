// A client that disconnects stops its request, in every phase and in every way.

import { afterEach, describe, expect, test } from "vitest";
import { rawPost, WAYS_TO_LEAVE } from "../../support/clients/raw-client.ts";
import { chat, post } from "../../support/clients/sse-client.ts";
import type { FakeEngine, FakeEngineOptions } from "../../support/engines/fake-engine.ts";
import { metric, type RunningService, startWithFake, until } from "../../support/start-service.ts";

let running: RunningService | undefined;
afterEach(async () => running?.close());

type Phase = {
  readonly engine: FakeEngineOptions;
  /** Requests that hold the slots when the tested one arrives. */
  readonly others: number;
  readonly isReached: (engine: FakeEngine, service: RunningService) => boolean;
};

const endless: FakeEngineOptions = { tokens: Number.POSITIVE_INFINITY, tokenMs: 2 };

const PHASES: Record<string, Phase> = {
  preparing: {
    engine: { prepareMs: 60_000 },
    others: 0,
    isReached: (engine) => engine.requests.length === 1,
  },
  queued: {
    engine: endless,
    others: 1,
    isReached: (_, { service }) => service.queue.waiting === 1,
  },
  prefill: {
    engine: { prefillMs: 60_000 },
    others: 0,
    isReached: (engine) => engine.running === 1,
  },
  decode: { engine: endless, others: 0, isReached: (engine) => engine.tokensComputed > 3 },
};

describe.each(Object.entries(PHASES))("a client that disconnects while %s", (_name, phase) => {
  describe.each(Object.entries(WAYS_TO_LEAVE))("by %s", (_way, leave) => {
    test.each([true, false])("frees everything it held (streamed: %s)", async (stream) => {
      const started = await startWithFake(phase.engine, { slots: 1 });
      running = started;
      const { engine, service, url } = started;
      const endpoint = `${url}/v1/chat/completions`;
      const body = chat({ stream, max_tokens: 4000 });
      const others = [];
      for (let i = 0; i < phase.others; i++) others.push(await rawPost(endpoint, body));
      await until(() => engine.running >= phase.others, "the others run");

      const client = await rawPost(endpoint, body);
      await until(() => phase.isReached(engine, started), "the phase is reached");
      leave(client.socket);

      await until(() => service.queue.inside === phase.others, "the queue place is free");
      expect(engine.running).toBe(phase.others);
      expect(service.queue.waiting).toBe(0);
      for (const other of others) other.socket.destroy();
      await until(() => service.queue.inside === 0, "the others have left too");
      expect(await metric(url, "sluice_requests_total", { outcome: "aborted" })).toBe(
        phase.others + 1,
      );
    });
  });
});

test("a kept-alive connection serves the next request after a whole stream", async () => {
  const started = await startWithFake();
  running = started;
  const url = `${started.url}/v1/chat/completions`;
  const client = await rawPost(url, chat({ stream: true }));
  await client.sees("[DONE]");

  const json = JSON.stringify(chat());
  client.socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${json.length}\r\n\r\n${json}`,
  );
  await client.sees('chat.completion"');

  expect(client.received()).toContain("HTTP/1.1 200 OK");
  client.socket.destroy();
});

test("a client that disconnects does not affect others", async () => {
  const started = await startWithFake({ tokens: 50, tokenMs: 2 }, { slots: 2 });
  running = started;
  const url = `${started.url}/v1/chat/completions`;
  const staying = post(url, chat({ max_tokens: 100 }));
  const leaving = await rawPost(url, chat({ stream: true }));
  await leaving.sees("Hello");
  leaving.socket.resetAndDestroy();

  const answer = (await (await staying).json()) as { usage: { completion_tokens: number } };

  expect(answer.usage.completion_tokens).toBe(50);
});

test("pipelined requests all end when their connection is reset", async () => {
  const started = await startWithFake(endless, { slots: 1 });
  running = started;
  const client = await rawPost(
    `${started.url}/v1/chat/completions`,
    chat({ stream: true, max_tokens: 4000 }),
  );
  const json = JSON.stringify(chat({ stream: true, max_tokens: 4000 }));
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json`;
  client.socket.write(`${head}\r\ncontent-length: ${json.length}\r\n\r\n${json}`.repeat(3));
  await until(() => started.service.queue.inside === 4, "all are inside");

  client.socket.resetAndDestroy();

  await until(() => started.service.queue.inside === 0, "all are gone");
  expect(started.engine.running).toBe(0);
});

test("a stream closes its connection for a client that sends Connection: close", async () => {
  const started = await startWithFake();
  running = started;

  const response = await fetch(`${started.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", connection: "close" },
    body: JSON.stringify(chat({ stream: true })),
  });
  await response.text();

  expect(response.headers.get("connection")).toBe("close");
});
