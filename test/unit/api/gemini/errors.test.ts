import { expect, test } from "vitest";
import { encodeGeminiError } from "../../../../src/api/gemini/errors.ts";
import { type ErrorCode, ServiceError } from "../../../../src/errors.ts";

test("has our code, the field, the retry delay and the request id in its details", () => {
  const error = new ServiceError("queue_full", "full", { field: "choices", retryAfterSeconds: 5 });

  expect(encodeGeminiError(error, "id")).toEqual({
    error: {
      ...{ code: 429, message: "full", status: "RESOURCE_EXHAUSTED" },
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          ...{ reason: "QUEUE_FULL", domain: "sluice" },
        },
        {
          "@type": "type.googleapis.com/google.rpc.BadRequest",
          fieldViolations: [{ field: "generationConfig.candidateCount", description: "full" }],
        },
        { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "5s" },
        { "@type": "type.googleapis.com/google.rpc.RequestInfo", requestId: "id" },
      ],
    },
  });
});

test.each(["generationConfig.topK", "__proto__"])("names the field %s as it is", (param) => {
  const error = new ServiceError("invalid_value", "wrong", { param });

  expect(encodeGeminiError(error, "id").error.details[1]).toMatchObject({
    fieldViolations: [{ field: param }],
  });
});

test.each<[ErrorCode, number, string]>([
  ["bad_request", 400, "INVALID_ARGUMENT"],
  ["invalid_api_key", 401, "UNAUTHENTICATED"],
  ["permission_denied", 403, "PERMISSION_DENIED"],
  ["model_not_found", 404, "NOT_FOUND"],
  ["method_not_allowed", 405, "INVALID_ARGUMENT"],
  ["cancelled", 409, "ABORTED"],
  ["worker_crashed", 500, "INTERNAL"],
  ["draining", 503, "UNAVAILABLE"],
  ["request_timeout", 504, "DEADLINE_EXCEEDED"],
])("%s is %d %s", (code, status, name) => {
  expect(encodeGeminiError(new ServiceError(code, "no"), "id").error).toMatchObject({
    ...{ code: status, status: name },
  });
});
