// Stored responses: only their owner can read, continue, follow, cancel and delete them.

import { afterEach, describe, expect, test } from "vitest";
import type { Config } from "../../../src/config/config.ts";
import { ServiceError } from "../../../src/errors.ts";
import { rawPost } from "../../support/clients/raw-client.ts";
import {
  chat,
  post,
  postSse,
  readEvents,
  type SseAnswer,
} from "../../support/clients/sse-client.ts";
import type { FakeEngine, FakeEngineOptions } from "../../support/engines/fake-engine.ts";
import { type RunningService, startWithFake, until } from "../../support/start-service.ts";

let running: RunningService & { readonly engine: FakeEngine };
let url: string;
afterEach(async () => running.close());

async function start(engine: FakeEngineOptions = {}, settings: Partial<Config> = {}) {
  running = await startWithFake(engine, settings);
  url = `${running.url}/v1/responses`;
}

type Wire = {
  readonly id: string;
  readonly status: string;
  readonly output: readonly {
    readonly id: string;
    readonly content: readonly { readonly text: string }[];
  }[];
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly param: string;
  } | null;
  readonly data: readonly { readonly id: string }[];
} & Readonly<Record<string, unknown>>;

type Headers = Record<string, string>;

async function create(body: object = {}, headers: Headers = {}): Promise<Wire> {
  const response = await post(url, { input: "Hi", ...body }, headers);
  return (await response.json()) as Wire;
}

async function get(path: string, headers: Headers = {}, method = "GET") {
  const response = await fetch(`${url}/${path}`, { headers, method });
  return { status: response.status, body: (await response.json()) as Wire };
}

async function follow(path: string): Promise<SseAnswer> {
  const controller = new AbortController();
  const response = await fetch(`${url}/${path}`, { signal: controller.signal });
  return { response, events: readEvents(response), leave: () => controller.abort() };
}

type ResponseEvent = {
  readonly type: string;
  readonly sequence_number: number;
  readonly response?: Wire;
} & Readonly<Record<string, unknown>>;

/** Its events, up to this number or all. */
async function eventsOf(
  { events, leave }: SseAnswer,
  most = Number.POSITIVE_INFINITY,
): Promise<ResponseEvent[]> {
  const seen: ResponseEvent[] = [];
  for await (const event of events) {
    if (event.type === "frame") seen.push(JSON.parse(event.message.data) as ResponseEvent);
    if (seen.length >= most) break;
  }
  if (seen.length >= most) leave();
  return seen;
}

const numbersOf = (events: readonly ResponseEvent[]) =>
  events.map(({ sequence_number }) => sequence_number);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
const textOf = ({ output }: Wire) => output[0]?.content[0]?.text;
const endless: FakeEngineOptions = {
  tokens: Number.POSITIVE_INFINITY,
  tokenMs: 2,
  texts: ["word "],
};
const ended = (id: string) => async () => !/queued|in_progress/.test((await get(id)).body.status);

describe("a response", () => {
  test("can be read again unchanged", async () => {
    await start();
    const { timings: _, ...created } = await create();

    const { body } = await get(created.id);
    expect(body).toMatchObject(created);
    expect(body.store).toBe(true);
  });

  test("is not stored if the client or the server says so", async () => {
    await start();
    const forgotten = await create({ store: false });
    expect(forgotten.store).toBe(false);
    expect((await get(forgotten.id)).status).toBe(404);
    await running.close();

    await start({}, { responseStore: 0 });
    const unkept = await create({ store: true });
    expect(unkept.store).toBe(false);
    expect((await get(unkept.id)).body.error?.message).toContain("--response-store 0");
    expect((await create({ background: true })).error?.param).toBe("background");
    expect((await create({ previous_response_id: "x" })).error?.param).toBe("previous_response_id");
  });

  test("can be deleted", async () => {
    await start();
    const { id } = await create();

    expect((await get(id, {}, "DELETE")).body).toEqual({ id, object: "response", deleted: true });
    expect((await get(id)).status).toBe(404);
    expect((await get(id, {}, "DELETE")).body.error?.code).toBe("not_found");
  });

  test("is visible only to its owner", async () => {
    await start({}, { apiKey: ["one", "two"] });
    const [one, two] = ["one", "two"].map((key) => ({ authorization: `Bearer ${key}` }));
    const { id } = await create({}, one);

    expect((await get(id, one)).status).toBe(200);
    for (const path of [id, `${id}/input_items`]) expect((await get(path, two)).status).toBe(404);
    expect((await get(`${id}/cancel`, two, "POST")).status).toBe(404);
    expect((await get(id, two, "DELETE")).status).toBe(404);
    expect((await create({ previous_response_id: id }, two)).error).toMatchObject({
      code: "previous_response_not_found",
      param: "previous_response_id",
    });
    expect((await get(id, one)).status).toBe(200);
  });
});

describe("a conversation", () => {
  const asked = () => {
    const prompt = running.engine.requests.at(-1)?.prompt;
    if (prompt?.type !== "messages") throw new Error("no messages");
    return prompt.messages.map(({ role, content }) => `${role}: ${content}`);
  };

  test("continues the earlier conversation, without its instructions", async () => {
    await start();
    const first = await create({ input: "One", instructions: "Be brief." });
    const second = await create({ input: "Two", previous_response_id: first.id });
    await create({ input: "Three", previous_response_id: second.id, instructions: "Be kind." });

    expect(second.previous_response_id).toBe(first.id);
    expect(asked()).toEqual([
      "system: Be kind.",
      "user: One",
      "assistant: Hello world",
      "user: Two",
      "assistant: Hello world",
      "user: Three",
    ]);
  });

  test("lists its items, newest first, in pages", async () => {
    await start();
    const first = await create({ input: "One" });
    const { id } = await create({ input: "Two", previous_response_id: first.id });

    const { body } = await get(`${id}/input_items?limit=2`);
    expect(body).toMatchObject({ object: "list", has_more: true });
    expect(body.data).toMatchObject([
      { role: "user", content: [{ type: "input_text", text: "Two" }] },
      { role: "assistant", content: [{ type: "output_text", text: "Hello world" }] },
    ]);
    const rest = await get(`${id}/input_items?limit=2&after=${body.data[1]?.id}`);
    expect(rest.body).toMatchObject({ has_more: false, data: [{ content: [{ text: "One" }] }] });
    const oldestFirst = await get(`${id}/input_items?order=asc`);
    expect(oldestFirst.body.data.map((item) => item.id)).toEqual([
      ...[rest.body, body].flatMap(({ data }) => data.map((item) => item.id).reverse()),
    ]);
  });

  test("is shortened when it does not fit and the client allows it, and reports the omitted items", async () => {
    await start({ contextTokens: 24 });
    const input = ["1", "2", "3", "4", "5"].map((word) => ({
      role: "user",
      content: `${word} ${"x ".repeat(4)}x`,
    }));
    const refused = await create({ input, instructions: "Be brief." });
    expect(refused.error?.code).toBe("context_length_exceeded");

    const cut = await create({ input, instructions: "Be brief.", truncation: "auto" });
    expect(cut).toMatchObject({
      status: "completed",
      truncation: "auto",
      omitted_items: [0, 1, 2],
    });
    expect(asked().map((text) => text.slice(0, 8))).toEqual(["system: ", "user: 4 ", "user: 5 "]);
    const whole = await create({ input: "Hi", truncation: "auto" });
    expect(whole.omitted_items).toEqual([]);
  });

  test("that cannot be shortened enough is refused", async () => {
    await start({ contextTokens: 4 });
    const input = [
      { role: "user", content: "a b c d" },
      { role: "user", content: "e f g h" },
    ];

    const { error } = await create({ input, truncation: "auto" });
    expect(error?.code).toBe("context_length_exceeded");
  });
});

describe("in the background", () => {
  test("an answer continues without its client, and can be polled", async () => {
    await start({ texts: ["a", "b", "c"], tokenMs: 5 });
    const { id, status, background } = await create({ background: true });
    expect([status, background]).toEqual(["in_progress", true]);

    await until(ended(id), "it ends");
    const { body } = await get(id);
    expect([body.status, textOf(body)]).toEqual(["completed", "abc"]);
    await until(() => running.service.queue.inside === 0, "its place is free");
  });

  test("a reader that lost its connection reconnects without a gap or a duplicate", async () => {
    await start({ texts: ["a", "b", "c", "d", "e", "f"], tokenMs: 5 });
    const first = await eventsOf(
      await postSse(url, { input: "Hi", background: true, stream: true }),
      7,
    );
    const id = first[0]?.response?.id ?? "";
    expect(first.map(({ type }) => type).slice(0, 3)).toEqual([
      ...["response.created", "response.queued", "response.in_progress"],
    ]);

    const last = first.at(-1)?.sequence_number;
    const rest = await eventsOf(await follow(`${id}?stream=true&starting_after=${last}`));
    const numbers = numbersOf([...first, ...rest]);
    expect(numbers).toEqual(upTo(numbers.length));
    expect(rest.at(-1)?.type).toBe("response.completed");
    expect(await eventsOf(await follow(`${id}?stream=true`))).toEqual([...first, ...rest]);
  });

  test("several readers follow at once, and one that disconnects does not affect the others", async () => {
    await start({ ...endless, tokens: 60 });
    const { id } = await create({ background: true });
    const [a, b, c] = await Promise.all([
      follow(`${id}?stream=true`).then((answer) => eventsOf(answer)),
      follow(`${id}?stream=true`).then((answer) => eventsOf(answer, 10)),
      follow(`${id}?stream=true&starting_after=5`).then((answer) => eventsOf(answer)),
    ]);

    expect(numbersOf(a)).toEqual(upTo(a.length));
    expect(b).toHaveLength(10);
    expect(c).toEqual(a.slice(6));
  });

  test("an answer that waits for a slot reports that", async () => {
    await start(endless, { slots: 1 });
    const other = await rawPost(`${running.url}/v1/chat/completions`, chat({ max_tokens: 4000 }));
    await until(() => running.engine.running === 1, "the slot is taken");
    const { id } = await create({ background: true });
    await until(async () => (await get(id)).body.status === "queued", "it waits");
    const reader = await follow(`${id}?stream=true`);
    await reader.events.next(); // it is connected
    const { value } = await reader.events.next();
    expect(value).toMatchObject({
      type: "comment",
      text: expect.stringMatching(/^queued position=1/),
    });

    reader.leave();
    other.socket.destroy();
    await until(async () => (await get(id)).body.status === "in_progress", "it runs");
    await get(id, {}, "DELETE");
    await until(() => running.service.queue.inside === 0, "it is stopped");
  });

  test("a bad request is refused at once", async () => {
    await start({ contextTokens: 2 });

    expect((await create({ background: true, input: "a b c" })).error?.code).toBe(
      "context_length_exceeded",
    );
    expect((await create({ background: true, store: false })).error?.param).toBe("background");
  });

  test("a server that drains ends the running answers at its limit", async () => {
    await start(endless, { drainTimeoutMs: 20 });
    const { id } = await create({ background: true, max_output_tokens: 4000 });
    const reader = await follow(`${id}?stream=true`);
    const reading = eventsOf(reader);
    await running.close();

    const events = await reading;
    expect(events.at(-2)).toMatchObject({
      type: "response.failed",
      response: { status: "failed" },
    });
    expect(events.at(-1)).toMatchObject({ type: "error", code: "draining" });
  });

  test("a reader that does not read is cut off, and the answer continues", async () => {
    await start({ texts: ["x".repeat(100_000)], tokens: 200 }, { stallTimeoutMs: 100 });
    const reader = await rawPost(url, { input: "Hi", background: true, stream: true });
    reader.socket.pause();
    await until(() => running.service.queue.inside === 0, "the answer has ended");

    const ended = () => running.logLines.filter(({ outcome }) => outcome !== undefined);
    await until(() => ended().length > 0, "it is logged");
    expect(ended()).toMatchObject([{ outcome: "stop", tokensOut: 200 }]);
    await until(
      () => reader.socket.closed || reader.socket.destroyed || hasEnded(reader),
      "cut off",
    );
  });
});

function hasEnded(reader: Awaited<ReturnType<typeof rawPost>>): boolean {
  reader.socket.resume();
  return reader.socket.readableEnded;
}

describe("a cancelled response", () => {
  test.each(["by cancel", "by its client"])(
    "%s: keeps the text so far, and frees its slot",
    async (how) => {
      await start(endless);
      const answer = await postSse(url, { input: "Hi", stream: true, max_output_tokens: 4000 });
      const first: ResponseEvent[] = [];
      while (first.length < 10) {
        const { value: event } = await answer.events.next(); // a `for` loop would close the stream at its end
        if (event?.type === "frame") first.push(JSON.parse(event.message.data) as ResponseEvent);
      }
      const id = first[0]?.response?.id ?? "";
      if (how === "by cancel") expect((await get(`${id}/cancel`, {}, "POST")).status).toBe(200);
      else answer.leave();
      await until(() => running.service.queue.inside === 0, "its place is free");

      const { body } = await get(id);
      expect(body).toMatchObject({ status: "cancelled", error: null });
      expect(textOf(body)).toMatch(/^(word ){5,}/);
      const next = await create({ previous_response_id: id, max_output_tokens: 3 });
      expect(textOf(next)).toBe("word word word ");
      if (how === "by cancel") {
        const last = (await eventsOf(answer)).at(-1);
        expect(last).toMatchObject({ type: "response.incomplete", response: { id } });
      }
    },
  );

  test("ends its readers' streams, and can be cancelled twice", async () => {
    await start(endless);
    const { id } = await create({ background: true, max_output_tokens: 4000 });
    const reading = follow(`${id}?stream=true`).then((answer) => eventsOf(answer));
    await until(() => running.engine.tokensComputed > 5, "it runs");
    const { body } = await get(`${id}/cancel`, {}, "POST");

    expect(body).toMatchObject({
      status: "cancelled",
      incomplete_details: { reason: "cancelled" },
    });
    expect((await reading).at(-1)).toMatchObject({ type: "response.incomplete", response: body });
    expect((await get(`${id}/cancel`, {}, "POST")).body).toEqual(body);
  });

  test("cannot be cancelled after its end", async () => {
    await start();
    const { id } = await create();

    const { status, body } = await get(`${id}/cancel`, {}, "POST");
    expect(status).toBe(400);
    expect(body.error?.message).toContain("completed");
  });

  test("can be cancelled while it waits for a slot", async () => {
    await start(endless, { slots: 1 });
    const other = await create({ background: true, max_output_tokens: 4000 });
    await until(() => running.engine.running === 1, "the slot is taken");
    const { id } = await create({ background: true });
    await until(() => running.service.queue.waiting === 1, "it waits");

    expect((await get(`${id}/cancel`, {}, "POST")).body.status).toBe("cancelled");
    expect(running.service.queue.waiting).toBe(0);
    await get(other.id, {}, "DELETE");
  });
});

describe("a failed response", () => {
  const crash = new ServiceError("worker_crashed", "the worker is gone");
  const failing: FakeEngineOptions = { tokens: 9, failure: { error: crash, afterTokens: 3 } };

  test("ends its stream with the failed response and an error, so that SDKs throw", async () => {
    await start(failing);
    const events = await eventsOf(await postSse(url, { input: "Hi", stream: true }));
    const [failed, error] = events.slice(-2);

    expect(failed).toMatchObject({
      type: "response.failed",
      response: { status: "failed", error: { code: "server_error", message: crash.message } },
    });
    expect(error).toMatchObject({ type: "error", error: { code: "worker_crashed", param: null } });
    expect(numbersOf(events)).toEqual(upTo(events.length));
    const id = events[0]?.response?.id ?? "";
    expect((await get(id)).body).toMatchObject({ status: "failed" });
    expect((await create({ previous_response_id: id })).error).toMatchObject({
      param: "previous_response_id",
      message: expect.stringContaining("worker_crashed"),
    });
  });

  test("in the background can be read, and its failure is logged", async () => {
    await start(failing);
    const { id } = await create({ background: true });
    await until(ended(id), "it ends");

    expect((await get(id)).body).toMatchObject({ status: "failed", usage: { output_tokens: 3 } });
    expect((await eventsOf(await follow(`${id}?stream=true`))).at(-1)?.type).toBe("error");
    await until(
      () => running.logLines.some(({ outcome }) => outcome === "worker_crashed"),
      "logged",
    );
  });
});

describe("refuses", () => {
  test.each([
    ["?stream=maybe", "stream"],
    ["?stream=true&starting_after=-1", "starting_after"],
    ["?stream=true&starting_after=1&starting_after=2", "starting_after"],
    ["?starting_after=1", "starting_after"],
    ["/input_items?limit=0", "limit"],
    ["/input_items?limit=101", "limit"],
    ["/input_items?order=up", "order"],
    ["/input_items?after=nothing", "after"],
  ])("%s, naming %s", async (query, param) => {
    await start();
    const { id } = await create();

    const { status, body } = await get(`${id}${query}`);
    expect([status, body.error?.param]).toEqual([400, param]);
  });

  test.each([
    ["PUT", ""],
    ["GET", "/cancel"],
    ["POST", "/input_items"],
  ])("%s on a response%s", async (method, path) => {
    await start();
    const { id } = await create();

    expect((await get(`${id}${path}`, {}, method)).status).toBe(405);
  });

  test("names unknown query parameters", async () => {
    await start();
    const { id } = await create();
    const response = await fetch(`${url}/${id}?colour=red`);

    expect(response.headers.get("x-ignored-params")).toBe("colour");
  });
});
