// The time limits of a request: to its slot, to its first token, in total; and how it ends at each limit.

import { afterEach, describe, expect, test } from "vitest";
import type { Config } from "../../../src/config/config.ts";
import { rawPost } from "../../support/clients/raw-client.ts";
import { chat, post, postSse, readAll } from "../../support/clients/sse-client.ts";
import type { FakeEngineOptions } from "../../support/engines/fake-engine.ts";
import {
  type RunningService,
  startWithFake,
  startWithFakeEmbeddings,
  until,
} from "../../support/start-service.ts";

let running: RunningService;
afterEach(async () => running.close());

const endless: FakeEngineOptions = { tokens: Number.POSITIVE_INFINITY, tokenMs: 2, texts: ["a "] };

async function start(engine: FakeEngineOptions = endless, settings: Partial<Config> = {}) {
  const started = await startWithFake(engine, settings);
  running = started;
  return { ...started, chatUrl: `${started.url}/v1/chat/completions` };
}

const within = (ms: number | string) => ({ "x-deadline-ms": `${ms}` });
const forever = { max_tokens: 4_000 };

describe.each([
  ["the client's deadline", {}, within(400)],
  ["the operator's limit", { requestTimeoutMs: 400 }, {}],
])("when %s comes", (_what, settings, headers) => {
  test("a stream ends with the text so far", async () => {
    const { chatUrl, service } = await start(endless, settings);
    const answer = await postSse(chatUrl, chat({ ...forever, stream: true }), headers);
    const { text, chunks, isDone } = await readAll(answer);

    expect(text).toMatch(/^(a )+$/);
    expect(isDone).toBe(true);
    const last = chunks.at(-1);
    expect(last?.choices?.[0]?.finish_reason).toBe("length");
    expect(last?.timings).toMatchObject({ deadline_reached: true });
    expect(last?.timings?.generated_tokens).toBe(text.length / 2);
    await until(() => service.queue.inside === 0, "its place is free");
  });

  test("a buffered answer has the text so far", async () => {
    const { chatUrl } = await start(endless, settings);
    const response = await post(chatUrl, chat(forever), headers);

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      choices: [
        { finish_reason: "length", message: { content: expect.stringMatching(/^(a )+$/) } },
      ],
      timings: { deadline_reached: true },
    });
  });

  test("a request without a token gets 504", async () => {
    const { chatUrl, service } = await start({ prefillMs: 60_000 }, settings);
    const response = await post(chatUrl, chat(), headers);

    expect(response.status).toBe(504);
    await until(() => service.queue.inside === 0, "its place is free");
  });
});

test.each([
  ["/v1/chat/completions", { "x-resumable": "true" }, {}],
  [
    "/v1/responses",
    {},
    { input: "Hi", background: true, messages: undefined, max_tokens: undefined },
  ],
])("a resumable or background answer of %s ends in the same way", async (path, headers, body) => {
  const { url } = await start();
  const asked = chat({ ...forever, stream: true, ...body });
  const answer = await postSse(`${url}${path}`, asked, { ...headers, ...within(300) });
  const { chunks } = await readAll(answer);

  const last = JSON.stringify(chunks.at(-1));
  expect(last).toContain('"deadline_reached":true');
  expect(last).not.toContain('"code"');
});

test("the other APIs end with their own finish reasons", async () => {
  const { url } = await start();
  const input = { input: "Hi", max_output_tokens: 4_000 };
  const response = await post(`${url}/v1/responses`, input, within(300));
  expect(await response.json()).toMatchObject({ status: "incomplete" });

  const message = await post(`${url}/v1/messages`, chat(forever), within(300));
  expect(await message.json()).toMatchObject({ stop_reason: "max_tokens" });
});

test("embeddings and questions have no partial answer: they get 504", async () => {
  running = await startWithFakeEmbeddings({ inputMs: 60_000 });
  const response = await post(`${running.url}/v1/embeddings`, { input: "a" }, within(30));

  expect(response.status).toBe(504);
  expect(await response.json()).toMatchObject({ error: { code: "deadline_exceeded" } });
});

test.each(["0", "-1", "soon", "1.5", "99999999999"])(
  "refuses a deadline of %s",
  async (deadline) => {
    const { chatUrl, url } = await start();
    for (const path of [chatUrl, `${url}/v1/embeddings`, `${url}/tokenize`]) {
      const response = await post(path, chat(), within(deadline));

      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { param: "x-deadline-ms" } });
    }
  },
);

test("a deadline that cannot be met is refused at once, and the error says what to do", async () => {
  const { chatUrl, engine } = await start(endless, { slots: 1 });
  await post(chatUrl, chat({ max_tokens: 100 })); // so that the service time is known
  const others = [await rawPost(chatUrl, chat(forever)), await rawPost(chatUrl, chat(forever))];
  await until(() => engine.running === 1, "the slot is taken");
  const response = await post(chatUrl, chat(), within(50)); // a request that had waited would get 504

  expect(response.status).toBe(503);
  expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await response.json()).toMatchObject({ error: { code: "deadline_unmeetable" } });
  for (const { socket } of others) socket.destroy();
});

test("a request without a token in time is refused", async () => {
  const { chatUrl } = await start({ prefillMs: 60_000 }, { firstTokenTimeoutMs: 50 });
  const response = await post(chatUrl, chat());

  expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(await response.text()).toContain("--first-token-timeout");
});

test("a buffered request that cannot begin in time gets a 503, while a stream keeps waiting", async () => {
  const { chatUrl, engine, service } = await start(endless, {
    slots: 1,
    bufferedQueueTimeoutMs: 60,
  });
  const other = await rawPost(chatUrl, chat(forever));
  await until(() => engine.running === 1, "the slot is taken");
  const stream = postSse(chatUrl, chat({ max_tokens: 3, stream: true }));
  const response = await post(chatUrl, chat());

  expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(await response.text()).toContain("--buffered-queue-timeout");
  expect(service.queue.waiting).toBe(1);
  other.socket.destroy();
  expect((await readAll(await stream)).text).toBe("a a a ");
});

test("a buffered request that has begun is not limited any more", async () => {
  const { chatUrl } = await start(
    { tokens: 50, tokenMs: 3, texts: ["a "] },
    { bufferedQueueTimeoutMs: 30 },
  );
  const response = await post(chatUrl, chat(forever));

  expect(response.status).toBe(200);
});
