// The middleware of every request: its id, authentication, and the one mapper from errors to responses.

import type { ErrorRequestHandler, Request, RequestHandler, Response } from "express";
import { expect, test, vi } from "vitest";
import { ServiceError } from "../../../../src/errors.ts";
import {
  closeWhileDraining,
  errorMapper,
  methodNotAllowed,
  notFound,
  requestId,
  requireApiKey,
  useEnvelope,
} from "../../../../src/http/server/middleware.ts";
import { Credentials } from "../../../../src/keys/credentials.ts";
import { KeyRing } from "../../../../src/keys/key-ring.ts";

/** The parts of Express that the middleware uses. */
function exchange(requestHeaders: Readonly<Record<string, string>> = {}) {
  const headers: Record<string, unknown> = {};
  const sent: { status?: number; body?: unknown } = {};
  const res = {
    headersSent: false,
    locals: {},
    getHeader: (name: string) => headers[name],
    setHeader: (name: string, value: unknown) => {
      headers[name] = value;
    },
    status: (status: number) => {
      sent.status = status;
      return res;
    },
    json: (body: unknown) => {
      sent.body = body;
    },
  };
  const req = { method: "PUT", path: "/v1/nothing", get: (name: string) => requestHeaders[name] };
  const next = vi.fn<(error?: unknown) => void>();
  return {
    headers,
    sent,
    res,
    next,
    run: (handler: RequestHandler) =>
      handler(req as unknown as Request, res as unknown as Response, next),
    fail: (mapper: ErrorRequestHandler, error: unknown) =>
      mapper(error, req as unknown as Request, res as unknown as Response, next),
  };
}

function keysOf(...plainKeys: string[]): Credentials {
  const options = { plainKeys, plainFile: null, file: null, pollMs: 1_000, log: () => {} };
  return new Credentials(new KeyRing(options), null);
}

test("keeps a client's request id", () => {
  const { run, headers, next } = exchange({ "x-request-id": "my-id.1:a_b" });

  run(requestId());

  expect(headers["x-request-id"]).toBe("my-id.1:a_b");
  expect(next.mock.calls).toEqual([[]]);
});

test.each(["a\r\nb", "two words", "", "x".repeat(129), "<script>"])(
  "replaces the request id %j by a safe one",
  (given) => {
    const { run, headers } = exchange({ "x-request-id": given });

    run(requestId());

    expect(headers["x-request-id"]).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
  },
);

test.each([
  [{ authorization: "Bearer key-2" }],
  [{ authorization: "bearer  key-2 " }],
  [{ "x-api-key": "key-1" }],
])("admits a request with %j", async (requestHeaders) => {
  const { run, next } = exchange(requestHeaders);

  await run(requireApiKey(keysOf("key-1", "key-2")));

  expect(next.mock.calls).toEqual([[]]);
});

test.each([
  [{}, "an API key is required: Authorization: Bearer KEY"],
  [{ authorization: "Basic a2V5" }, "an API key is required: Authorization: Bearer KEY"],
  [{ authorization: "Bearer key-3" }, "this API key is not valid"],
  [{ authorization: "Bearer key-1key-2" }, "this API key is not valid"],
  [{ "x-api-key": "KEY-1" }, "this API key is not valid"],
])("refuses a request with %j", async (requestHeaders, message) => {
  const { run, next } = exchange(requestHeaders);
  const entered = run(requireApiKey(keysOf("key-1", "key-2")));

  await expect(entered).rejects.toMatchObject({ code: "invalid_api_key", message });
  expect(next).not.toHaveBeenCalled();
});

test("admits every request when the server has no keys", async () => {
  const { run, next } = exchange();

  await run(requireApiKey(keysOf()));

  expect(next).toHaveBeenCalledTimes(1);
});

test("closes connections after the answer only while the server drains", () => {
  let isDraining = false;
  const { run, headers } = exchange();
  const handler = closeWhileDraining(() => isDraining);

  run(handler);
  expect(headers).toEqual({});
  isDraining = true;
  run(handler);

  expect(headers).toEqual({ connection: "close" });
});

test("names the allowed method when the method is wrong", () => {
  const { run, headers } = exchange();

  expect(() => run(methodNotAllowed("POST"))).toThrow("PUT is not allowed on this path; use POST");
  expect(headers.allow).toBe("POST");
});

test("names the unknown path", () => {
  expect(() => exchange().run(notFound([]))).toThrow(
    "there is no PUT /v1/nothing; GET / lists all paths",
  );
});

test("says that the base URL must end in /v1 when only that is missing from the path", () => {
  expect(() => exchange().run(notFound(["/v1/v1/nothing"]))).toThrow(
    "there is no PUT /v1/nothing; the base URL of the client must end in /v1",
  );
});

test("records a request that never reached a handler, with its status", () => {
  const { fail } = exchange();
  const ended = vi.fn();
  const refusal = new ServiceError("invalid_api_key", "no");

  fail(errorMapper({ ended }), refusal);

  expect(ended.mock.calls).toEqual([
    [
      expect.objectContaining({
        ...{ path: "/v1/nothing", outcome: "invalid_api_key", status: 401 },
        ...{ key: null, failure: refusal, work: null },
      }),
    ],
  ]);
});

test("answers an error with its status and OpenAI's envelope", () => {
  const { fail, sent, next } = exchange();

  fail(errorMapper({ ended: () => {} }), new ServiceError("invalid_value", "bad", { param: "n" }));

  expect(sent).toEqual({
    status: 400,
    body: {
      error: { message: "bad", type: "invalid_request_error", param: "n", code: "invalid_value" },
    },
  });
  expect(next).not.toHaveBeenCalled();
});

test("answers in the error envelope of the requested path", () => {
  const { run, fail, sent } = exchange();

  run(useEnvelope(({ code }) => ({ type: "error", code })));
  fail(errorMapper({ ended: () => {} }), new ServiceError("not_found", "gone"));

  expect(sent.body).toEqual({ type: "error", code: "not_found" });
});

test("sends Retry-After, and WWW-Authenticate for an invalid key", () => {
  const [full, locked] = [exchange(), exchange()];
  const mapper = errorMapper({ ended: () => {} });

  full.fail(mapper, new ServiceError("queue_full", "full", { retryAfterSeconds: 7 }));
  locked.fail(mapper, new ServiceError("invalid_api_key", "no"));

  expect([full.sent.status, full.headers]).toEqual([429, { "retry-after": 7 }]);
  expect([locked.sent.status, locked.headers]).toEqual([401, { "www-authenticate": "Bearer" }]);
});

test("turns the error of the router for a path that it cannot decode into a 400", () => {
  const { fail, sent } = exchange();

  fail(
    errorMapper({ ended: () => {} }),
    Object.assign(new URIError("its own words"), { status: 400 }),
  );

  expect(sent).toMatchObject({ status: 400, body: { error: { code: "bad_request" } } });
});

test("records a bug without showing it to the client", () => {
  const { fail, sent } = exchange();
  const ended = vi.fn();
  const cause = new TypeError("cannot read the secret");

  fail(errorMapper({ ended }), cause);

  expect(sent).toMatchObject({ status: 500, body: { error: { code: "internal_error" } } });
  expect(JSON.stringify(sent)).not.toContain("secret");
  expect(ended.mock.calls[0]?.[0]).toMatchObject({ outcome: "internal_error", failure: { cause } });
});

test("does not record an error that the handler has recorded itself", () => {
  const { run, fail, sent, res } = exchange();
  const ended = vi.fn();

  run(useEnvelope(({ code }) => ({ code })));
  Object.assign(res.locals, { isRecorded: true });
  fail(errorMapper({ ended }), new TypeError("cannot read"));

  expect(sent).toEqual({ status: 500, body: { code: "internal_error" } });
  expect(ended).not.toHaveBeenCalled();
});

test("passes the error on when the headers are already sent", () => {
  const { fail, res, sent, next } = exchange();
  const thrown = new ServiceError("generation_failed", "late");
  res.headersSent = true;

  fail(errorMapper({ ended: () => {} }), thrown);

  expect(sent).toEqual({});
  expect(next.mock.calls).toEqual([[thrown]]);
});
