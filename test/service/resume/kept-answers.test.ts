// Stored responses in every state, against their schemas.

import { afterEach, expect, test } from "vitest";
import {
  deletedResponse,
  inputItemList,
  response,
  responseEvent,
} from "../../../src/api/responses/answer.ts";
import { requestList } from "../../../src/api/sluice/requests.ts";
import { ServiceError } from "../../../src/errors.ts";
import type { FreshDelta } from "../../../src/generation/events.ts";
import { eventsOf, expectHeldTo } from "../../support/clients/expect-schema.ts";
import { chat, post, postSse } from "../../support/clients/sse-client.ts";
import type { FakeEngineOptions } from "../../support/engines/fake-engine.ts";
import { type RunningService, startWithFake, until } from "../../support/start-service.ts";

let running: RunningService | undefined;
afterEach(async () => running?.close());

const PATH = "/v1/responses";
const text: FreshDelta = { type: "text-delta", text: "Hey", tokens: 2 };
const reasoning: FreshDelta = { type: "reasoning-delta", text: "Hm.", tokens: 1 };
const call: FreshDelta = { type: "tool-call-delta", index: 0, name: "f", text: "{}", tokens: 1 };

test.each([
  ["a response that ends", { events: [reasoning, text, call] }, { input: "Hi" }, "completed"],
  [
    "one that is cut off",
    { texts: ["a"], tokens: 100 },
    { input: "Hi", max_output_tokens: 2 },
    "incomplete",
  ],
  [
    "one that breaks",
    {
      tokens: 5,
      failure: { error: new ServiceError("generation_failed", "broken"), afterTokens: 2 },
    },
    { input: "Hi", background: true, truncation: "auto" },
    "failed",
  ],
] as const)("%s, as it stands and as events", async (_what, engine, body, status) => {
  running = await startWithFake(engine as FakeEngineOptions); // the type of tuples is not that of lists
  const url = running.url + PATH;
  const { id } = (await (await post(url, body)).json()) as { id: string };

  const events = await eventsOf(await fetch(`${url}/${id}?stream=true`));
  const state: unknown = await (await fetch(`${url}/${id}`)).json();

  expect(state).toMatchObject({ status });
  expectHeldTo(response, state);
  for (const each of events) expectHeldTo(responseEvent, each);
  expect(events.length).toBeGreaterThan(3);
});

test("input items and deletion match their schemas", async () => {
  running = await startWithFake();
  const url = running.url + PATH;
  const input = [
    { role: "user", content: "Hi" },
    { type: "function_call", call_id: "1", name: "f", arguments: "{}" },
    { type: "function_call_output", call_id: "1", output: "a" },
  ];
  const first = (await (await post(url, { input })).json()) as { id: string };
  const second = (await (
    await post(url, { input: "Go on", previous_response_id: first.id })
  ).json()) as { id: string };

  const items: unknown = await (await fetch(`${url}/${second.id}/input_items?limit=2`)).json();
  const gone: unknown = await (await fetch(`${url}/${second.id}`, { method: "DELETE" })).json();

  expectHeldTo(inputItemList, items);
  expectHeldTo(deletedResponse, gone);
});

test.each(["queued", "in_progress"])(
  "a response that is %s and then cancelled matches its schema",
  async (status) => {
    running = await startWithFake({ tokens: Number.POSITIVE_INFINITY, tokenMs: 5 }, { slots: 1 });
    const url = running.url + PATH;
    const start = async () =>
      (await (await post(url, { input: "Hi", background: true })).json()) as { id: string };
    const first = await start();
    const { id } = status === "queued" ? await start() : first;
    const seen: unknown[] = [];
    await until(async () => {
      const state = (await (await fetch(`${url}/${id}`)).json()) as { status: string };
      seen.push(state);
      return state.status === status;
    }, status);

    const stopped = (await (await post(`${url}/${id}/cancel`, {})).json()) as { status: string };

    expect(stopped.status).toBe("cancelled");
    for (const state of [...seen, stopped]) expectHeldTo(response, state);
    for (const each of await eventsOf(await fetch(`${url}/${id}?stream=true`)))
      expectHeldTo(responseEvent, each);
  },
);

test("running and waiting requests match their schema", async () => {
  running = await startWithFake({ tokens: Number.POSITIVE_INFINITY, tokenMs: 5 }, { slots: 1 });
  const { url } = running;
  const first = await postSse(
    `${url}/v1/chat/completions`,
    chat({ max_tokens: 1e6, stream: true }),
  );
  await first.events.next();
  const second = await postSse(`${url}/v1/messages`, chat({ max_tokens: 1e6, stream: true }));

  let list: { readonly data: readonly { readonly status: string }[] } = { data: [] };
  await until(async () => {
    list = (await (await fetch(`${url}/v1/requests`)).json()) as typeof list;
    const statuses = list.data.map(({ status }) => status);
    return statuses.includes("queued") && statuses.includes("running");
  }, "one runs, one waits");

  first.leave();
  second.leave();
  expectHeldTo(requestList, list);
});
