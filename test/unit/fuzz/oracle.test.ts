// The fuzzer's oracle: which answers it accepts and which it does not.

import { describe, expect, test } from "vitest";
import { kindOf } from "../../fuzz/findings.ts";
import { growthOf } from "../../fuzz/memory.ts";
import { faultsOf } from "../../fuzz/oracle.ts";
import { curlOf, hexOf } from "../../fuzz/reproduction.ts";
import { type Answer, AnswerReader } from "../../fuzz/streams/answer-reader.ts";

const CHAT = { method: "POST", path: "/v1/chat/completions" };
const error = { message: "no", type: "invalid_request_error", param: null, code: "invalid_value" };

function answer(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  const all = {
    "x-request-id": "id",
    "content-type": "application/json; charset=utf-8",
    ...headers,
  };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { status, headers: new Map(Object.entries(all)), body: Buffer.from(text) };
}

const stream = (text: string) => answer(200, text, { "content-type": "text/event-stream" });

describe("lets pass", () => {
  test.each<[string, Answer]>([
    ["JSON", answer(200, { choices: [] })],
    ["an error in its envelope", answer(400, { error })],
    ["a complete stream", stream(': connected\n\ndata: {"a":"\u2028"}\n\ndata: [DONE]\n\n')],
    ["a stream that ends in an error", stream(`data: ${JSON.stringify({ error })}\n\n`)],
    ["a full queue", answer(429, { error: { ...error, code: "queue_full" } })],
  ])("%s", (_what, given) => {
    expect(faultsOf(given, CHAT)).toEqual([]);
  });

  test("Anthropic's error format on its paths", () => {
    const given = answer(400, { type: "error", error, request_id: "id" });

    expect(faultsOf(given, { method: "POST", path: "/v1/messages/count_tokens" })).toEqual([]);
    expect(faultsOf(answer(400, { error }), { method: "POST", path: "/v1/messages" })).toHaveLength(
      2,
    );
  });
});

test.each<[string, Answer, string]>([
  ["no request id", answer(200, {}, { "x-request-id": "" }), "no x-request-id"],
  ["HTML", answer(404, "<html>", { "content-type": "text/html" }), "content-type"],
  ["an incomplete body", answer(200, '{"a":'), "not JSON"],
  ["an error with a success status", answer(200, { error }), "success status"],
  ["a status that does not match the code", answer(404, { error }), "with status 404"],
  ["an unknown code", answer(400, { error: { ...error, code: "oops" } }), "unknown code"],
  [
    "an internal error",
    answer(500, { error: { ...error, code: "internal_error" } }),
    "internal_error",
  ],
  [
    "a local path",
    answer(400, { error: { ...error, message: "at x (/a/src/b.ts:1)" } }),
    "internals",
  ],
  ["an endless message", answer(400, { error: { ...error, message: "a".repeat(9_999) } }), "9999"],
  ["a stream that breaks off", stream('data: {"a":1}\n\n'), "without its end"],
  ["a stream that is not JSON", stream("data: {\n\ndata: [DONE]\n\n"), "not JSON"],
])("finds %s", (_what, given, words) => {
  expect(faultsOf(given, CHAT).join()).toContain(words);
});

test("reads only complete answers as they arrive", () => {
  const reader = new AnswerReader(["HEAD", "POST"]);
  const text =
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" +
    "HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";

  const answers = [...text].flatMap((sign) => reader.feed(Buffer.from(sign)));

  expect(answers.map(({ status, body }) => [status, body.toString()])).toEqual([
    [200, ""],
    [201, "abcde"],
  ]);
  expect(() => reader.feed(Buffer.from("nonsense\r\n\r\n"))).toThrow("no status line");
});

test("distinguishes growing from fluctuating memory", () => {
  const samples = (slope: number) =>
    Array.from({ length: 40 }, (_, round) => 100 + slope * round + 15 * Math.sin(round * 7));

  expect(growthOf(samples(0))).toBeLessThan(0.5);
  expect(growthOf(samples(3))).toBeGreaterThan(2.5);
  expect(growthOf([1, 2, 3])).toBeNull();
});

test("counts the same fault with different numbers as one kind", () => {
  expect(kindOf("a", ['code 12 of "x"'])).toBe(kindOf("a", ['code 7 of "y z"']));
});

test("shows requests in a form that can be sent again", () => {
  const request = { method: "POST", target: "/a", headers: { a: "b" }, body: Buffer.from("it's") };

  expect(curlOf(request, "http://x")).toBe(
    `curl --path-as-is -X POST 'http://x/a' -H 'a: b' --data-binary 'it'\\''s'`,
  );
  expect(hexOf(Buffer.from("GET\0"))).toMatch(/^47 45 54 00 +GET\.$/);
});
