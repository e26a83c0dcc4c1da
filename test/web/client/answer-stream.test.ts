// Reading one answer, with reconnects.

import { afterEach, expect, test, vi } from "vitest";
import type { AnswerEvent } from "../../../src/web/client/answer-event.ts";
import { readAnswer, type StreamStart } from "../../../src/web/client/answer-stream.ts";
import { Server } from "../../../src/web/client/server.ts";
import type { ServerError } from "../../../src/web/client/server-error.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const ADDRESS = "/v1/streams/s1?token=t";
const NEW: StreamStart = { body: { stream: true }, requestId: "r1" };

function chunk(id: number, content: string): string {
  const data = { model: "m", choices: [{ delta: { content }, finish_reason: null }] };
  return `id: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
}

const END = 'id: 9\ndata: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';

/** A response that delivers this text and then ends or breaks. */
function connection(text: string, { breaks = false, location = ADDRESS as string | null } = {}) {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      if (!breaks) controller.close();
    },
    pull(controller) {
      if (breaks) controller.error(new TypeError("network error"));
    },
  });
  return new Response(body, { headers: location === null ? {} : { location } });
}

type Asked = { readonly url: string; readonly method: string; readonly headers: Headers };

/** Replaces `fetch`: each call gets the next response or error. @returns the requests */
function network(...answers: readonly (Response | Error)[]): Asked[] {
  const asked: Asked[] = [];
  vi.stubGlobal("fetch", async (url: URL, init: RequestInit) => {
    asked.push({ url: url.href, method: init.method ?? "", headers: new Headers(init.headers) });
    const answer = answers[asked.length - 1] ?? new TypeError("failed to fetch");
    if (answer instanceof Error) throw answer;
    return answer;
  });
  return asked;
}

async function read(start: StreamStart = NEW, signal = new AbortController().signal) {
  const server = new Server("http://here/below/", () => "secret");
  const events: AnswerEvent[] = [];
  const waits: number[] = [];
  let failure: unknown = null;
  try {
    const wait = async (ms: number) => void waits.push(ms);
    for await (const batch of readAnswer(start, { server, signal, wait })) events.push(...batch);
  } catch (error) {
    failure = error;
  }
  const text = events.map((event) => (event.type === "text" ? event.text : "")).join("");
  return { text, events, waits, failure };
}

test("reads an undisturbed answer, with the key, from a URL below the page's path", async () => {
  const asked = network(connection(chunk(0, "Hello") + chunk(1, " you") + END));

  const { text, events, failure } = await read();

  expect([text, failure]).toEqual(["Hello you", null]);
  expect(asked[0]?.url).toBe("http://here/below/v1/chat/completions");
  expect(asked[0]?.headers.get("authorization")).toBe("Bearer secret");
  expect(asked[0]?.headers.get("x-resumable")).toBe("true");
  expect(events[0]).toEqual({ type: "accepted", address: ADDRESS });
  expect(events.at(-2)).toMatchObject({ type: "finish", reason: "stop" });
});

test("reconnects with the last event id after connections that end, break or are refused", async () => {
  const asked = network(
    connection(chunk(0, "a")),
    connection(chunk(1, "b"), { breaks: true }),
    new TypeError("failed to fetch"),
    new Response("bad gateway", { status: 502 }),
    connection(chunk(2, "c") + END),
  );

  const { text, failure, events } = await read();

  expect([text, failure]).toEqual(["abc", null]);
  const lastEventIds = asked.map(({ headers }) => headers.get("last-event-id"));
  expect(lastEventIds).toEqual([null, "0", "1", "1", "1"]);
  expect(asked[1]?.url).toBe("http://here/below/v1/streams/s1?token=t");
  expect(events.filter(({ type }) => type === "reconnecting")).toHaveLength(4);
});

test("continues at a given position", async () => {
  const asked = network(connection(chunk(8, "rest") + END));

  const { text } = await read({ position: { address: ADDRESS, lastEventId: "7" } });

  expect(text).toBe("rest");
  expect(asked[0]).toMatchObject({ method: "GET" });
  expect(asked[0]?.headers.get("last-event-id")).toBe("7");
});

test("gives up after some time if connections bring only comments", async () => {
  const onlyComment = () => connection(": connected heartbeat_ms=5000\n\n");
  network(connection(chunk(0, "a")), ...Array.from({ length: 30 }, onlyComment));

  const { text, waits, failure } = await read();

  expect(text).toBe("a");
  expect((failure as ServerError).failure.code).toBe("connection_lost");
  expect(waits.length).toBeLessThan(15);
  expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(30_000);
});

test("does not reconnect to an answer that the server no longer has, or that failed", async () => {
  const gone = { error: { message: "no such stream", code: "not_found", param: null } };
  network(connection(chunk(0, "a")), Response.json(gone, { status: 404 }));
  expect((await read()).failure).toMatchObject({ failure: { status: 404, code: "not_found" } });

  const asked = network(
    connection('id: 0\ndata: {"error":{"message":"it died","code":"worker_crashed"}}\n\n'),
  );
  expect((await read()).failure).toMatchObject({ failure: { code: "worker_crashed" } });
  expect(asked).toHaveLength(1);
});

test("does not repeat a request without a response, because the server may have accepted it", async () => {
  const asked = network(new TypeError("failed to fetch"));

  expect((await read()).failure).toMatchObject({ failure: { code: "unreachable" } });
  expect(asked).toHaveLength(1);
});

test("reports when a refused request may be retried", async () => {
  const busy = { error: { message: "full", code: "queue_full", param: null } };
  network(Response.json(busy, { status: 429, headers: { "retry-after": "7" } }));

  vi.spyOn(Date, "now").mockReturnValue(1_000);

  const { failure } = await read();

  expect((failure as ServerError).failure).toMatchObject({ status: 429, retryAtMs: 8_000 });
});

test("treats three missed heartbeats as a broken connection", async () => {
  const silent = new Response(
    new ReadableStream({
      start: (controller) =>
        controller.enqueue(
          new TextEncoder().encode(`: connected heartbeat_ms=20\n\n${chunk(0, "a")}`),
        ),
    }),
    { headers: { location: ADDRESS } },
  );
  network(silent, connection(chunk(1, "b") + END));

  const { text, failure } = await read();

  expect([text, failure]).toEqual(["ab", null]);
});

test("throws the signal's reason when aborted", async () => {
  const controller = new AbortController();
  network(connection(chunk(0, "a")));
  const reason = new Error("enough");
  controller.abort(reason);

  expect((await read(NEW, controller.signal)).failure).toBe(reason);
});
