// A client that reads nothing stops only its own stream. Deltas are large, because loopback sockets take megabytes.

import { afterEach, expect, test } from "vitest";
import { rawPost } from "../../support/clients/raw-client.ts";
import { chat, post } from "../../support/clients/sse-client.ts";
import { metric, type RunningService, startWithFake, until } from "../../support/start-service.ts";

let running: RunningService | undefined;
afterEach(async () => running?.close());

async function started(...args: Parameters<typeof startWithFake>) {
  const service = await startWithFake(...args);
  running = service;
  return { ...service, chatUrl: `${service.url}/v1/chat/completions` };
}

const LARGE = { texts: ["x".repeat(65_536)], tokens: Number.POSITIVE_INFINITY };

test("generates only as much as the socket of a stalled reader takes, and continues when it reads", async () => {
  const { chatUrl, engine } = await started(LARGE);
  const client = await rawPost(chatUrl, chat({ stream: true, max_tokens: 4000 }), { isDeaf: true });
  let before = -1;
  await until(async () => {
    const isStill = engine.tokensComputed === before && before > 0;
    before = engine.tokensComputed;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return isStill;
  }, "generation stands still");

  expect(engine.tokensComputed).toBeLessThan(1000);
  let bytes = 0;
  client.socket.on("data", (chunk) => (bytes += chunk.length));
  await until(() => engine.tokensComputed > before + 10, "generation goes on");
  expect(bytes).toBeGreaterThan(65_536);
  client.socket.destroy();
});

test("cuts a reader that reads nothing for the stall limit, with a log line and a metric", async () => {
  const { chatUrl, url, service, engine, logLines } = await started(LARGE, { stallTimeoutMs: 200 });
  const client = await rawPost(chatUrl, chat({ stream: true, max_tokens: 4000 }), { isDeaf: true });

  await until(() => service.queue.inside === 0 && engine.requests.length === 1, "it is given up");

  expect(await metric(url, "sluice_stalled_streams_total")).toBe(1);
  await until(() => logLines.some(({ outcome }) => outcome === "client_stalled"), "it is logged");
  client.socket.destroy();
});

test("serves others at full speed beside a stalled reader", async () => {
  const { chatUrl, engine } = await started(LARGE, { slots: 2 });
  const deaf = await rawPost(chatUrl, chat({ stream: true, max_tokens: 4000 }), { isDeaf: true });
  await until(() => engine.running === 1, "the stalled one runs");

  const answer = await post(chatUrl, chat({ max_tokens: 20 }));

  expect(await answer.json()).toMatchObject({ usage: { completion_tokens: 20 } });
  deaf.socket.destroy();
});

test("cuts a stalled reader that keeps sending", async () => {
  const { chatUrl, service, engine } = await started(LARGE, { stallTimeoutMs: 300 });
  const client = await rawPost(chatUrl, chat({ stream: true, max_tokens: 4000 }), { isDeaf: true });
  const chatter = setInterval(() => client.socket.write("\r\n"), 50);

  await until(() => service.queue.inside === 0 && engine.requests.length === 1, "it is given up");

  clearInterval(chatter);
  client.socket.destroy();
});
