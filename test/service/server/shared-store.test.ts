// The store of responses with several keys: no key loses a response because of another key, and an answer that is not stored
// reports that.

import { afterEach, expect, test } from "vitest";
import { post, postSse, readEvents } from "../../support/clients/sse-client.ts";
import type { FakeEngineOptions } from "../../support/engines/fake-engine.ts";
import { newKeysFile } from "../../support/keys.ts";
import { type RunningService, startWithFake, until } from "../../support/start-service.ts";

let running: RunningService;
afterEach(() => running.close());

const STORE = 40_000;
type Headers = { readonly authorization: string };
type Kept = { readonly id: string; readonly store: boolean; readonly error?: { code: string } };

async function startWithKeys(engine: FakeEngineOptions = {}) {
  const keys = newKeysFile();
  const headers = [keys.add("alice"), keys.add("bob")] as const;
  running = await startWithFake(engine, { keysFile: keys.path, responseStore: STORE, slots: 4 });
  return headers;
}

const ask = async (fields: object, headers: Headers) =>
  (await (await post(`${running.url}/v1/responses`, fields, headers)).json()) as Kept;
const statusOf = async (id: string, headers: Headers) =>
  (await fetch(`${running.url}/v1/responses/${id}`, { headers })).status;

test("a key that stores too much loses its own responses, not those of other keys", async () => {
  const [alice, bob] = await startWithKeys();
  const { id } = await ask({ input: "remember blue" }, bob);
  for (let count = 0; count < 20; count++) {
    const kept = await ask({ input: "x".repeat(4_000) }, alice);
    expect([kept.store, await statusOf(kept.id, alice)]).toEqual([true, 200]);
  }

  expect(await statusOf(id, bob)).toBe(200);
});

test("an answer that does not fit reports that it is not stored, buffered and streamed", async () => {
  const [alice] = await startWithKeys();
  const input = "x".repeat(STORE / 2);
  const whole = await ask({ input }, alice);
  const stream = await postSse(`${running.url}/v1/responses`, { input, stream: true }, alice);
  const stored: boolean[] = [];
  for await (const event of readEvents(stream.response)) {
    if (event.type !== "frame") continue;
    const { response } = JSON.parse(event.message.data) as { response?: Kept };
    if (response) stored.push(response.store);
  }

  expect([whole.store, await statusOf(whole.id, alice)]).toEqual([false, 404]);
  expect(stored).toEqual([false, false, false]); // created, in progress, completed
});

test("a background response that does not fit is refused, because no client could read it", async () => {
  const [alice] = await startWithKeys();
  const url = `${running.url}/v1/responses`;
  const answer = await post(url, { input: "x".repeat(STORE / 2), background: true }, alice);

  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
  expect(await answer.json()).toMatchObject({ error: { code: "response_store_full" } });
});

test("running and waiting requests of one key leave room for those of another", async () => {
  const [alice, bob] = await startWithKeys({ tokens: Number.POSITIVE_INFINITY, tokenMs: 5 });
  const background = { background: true, max_output_tokens: 100_000 };
  const alices = await Promise.all(
    Array.from({ length: 8 }, () => ask({ input: "x".repeat(3_000), ...background }, alice)),
  );
  expect(alices.filter(({ error }) => error?.code === "response_store_full").length).toBe(6);
  const bobs = await ask({ input: "hi", ...background }, bob);
  expect(bobs.store).toBe(true);

  for (const { id } of [...alices, bobs].filter((each) => each.id !== undefined))
    for (const headers of [alice, bob])
      await fetch(`${running.url}/v1/responses/${id}`, { method: "DELETE", headers });
  await until(() => running.service.queue.busy === 0, "all have ended");
});
