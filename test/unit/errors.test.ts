// The error table, and how other errors are converted.

import { expect, test } from "vitest";
import {
  abortReason,
  type ErrorCode,
  ServiceError,
  toErrorCode,
  toServiceError,
} from "../../src/errors.ts";

const TRAITS: readonly [ErrorCode, number, string, boolean][] = [
  ["invalid_value", 400, "invalid_request_error", false],
  ["context_length_exceeded", 400, "invalid_request_error", false],
  ["model_too_large", 400, "invalid_request_error", false],
  ["invalid_api_key", 401, "invalid_request_error", false],
  ["permission_denied", 403, "permission_error", false],
  ["model_not_found", 404, "invalid_request_error", false],
  ["client_stalled", 408, "invalid_request_error", false],
  ["body_too_large", 413, "invalid_request_error", false],
  ["queue_full", 429, "rate_limit_error", true],
  ["rate_limit_exceeded", 429, "rate_limit_error", true],
  ["internal_error", 500, "server_error", false],
  ["worker_crashed", 500, "server_error", true],
  ["draining", 503, "server_error", true],
  ["queue_timeout", 503, "server_error", true],
  ["no_free_slot", 503, "server_error", true],
  ["request_timeout", 504, "server_error", true],
  ["aborted", 499, "invalid_request_error", false],
];

test.each(TRAITS)("%s has status %i, type %s, retryable %s", (code, status, type, isRetryable) => {
  const { traits } = new ServiceError(code, "words");

  expect(traits).toEqual({ status, type, isRetryable });
});

test("has its code, the field at fault, the retry time and the cause", () => {
  const cause = new Error("inner");

  const error = new ServiceError("queue_full", "try later", {
    cause,
    param: "messages[2].content",
    retryAfterSeconds: 7,
  });

  expect(error).toMatchObject({
    name: "ServiceError",
    code: "queue_full",
    message: "try later",
    param: "messages[2].content",
    retryAfterSeconds: 7,
  });
  expect(error.cause).toBe(cause);
});

test("shortens long texts of a client in its message and param", () => {
  const name = `${"n".repeat(299)}🦄${"n".repeat(10_000)}`;

  const error = new ServiceError("invalid_value", `${name} is wrong`, { param: name });

  expect(error.message).toHaveLength(2_000);
  expect(error.param).toBe(`${"n".repeat(299)}\ufffd`);
});

test("has null, not undefined, without a field and a retry time", () => {
  const error = new ServiceError("not_found", "nothing here", { param: undefined });

  expect(error.field).toBeNull();
  expect(error.param).toBeNull();
  expect(error.retryAfterSeconds).toBeNull();
  expect("cause" in error).toBe(false);
});

test("returns a ServiceError unchanged", () => {
  const error = new ServiceError("draining", "bye");

  expect(toServiceError(error)).toBe(error);
});

test("hides the message of any other error from clients, and keeps the error as cause", () => {
  const secret = new TypeError("cannot read /home/me/secret");

  const error = toServiceError(secret);

  expect(error.code).toBe("internal_error");
  expect(error.message).toBe("the server failed on this request");
  expect(error.cause).toBe(secret);
});

test("returns the ServiceError with which a signal was aborted", () => {
  const reason = new ServiceError("request_timeout", "too slow");

  expect(abortReason(AbortSignal.abort(reason))).toBe(reason);
});

test("turns any other abort reason into the code aborted", () => {
  const error = abortReason(AbortSignal.abort("some string"));

  expect(error).toBeInstanceOf(ServiceError);
  expect(error.code).toBe("aborted");
  expect(error.cause).toBe("some string");
});

test.each(["", "no_such_code", "toString", "__proto__"])(
  "turns the unknown code %j into internal_error",
  (code) => {
    expect(toErrorCode(code)).toBe("internal_error");
  },
);

test("keeps a known code from another process", () => {
  expect(toErrorCode("template_error")).toBe("template_error");
});
