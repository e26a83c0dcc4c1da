// The log lines of ended requests: which fields, at which level, and what never stands in them.

import { expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import type { AnswerWork, EndedRequest } from "../../../src/journal/journal.ts";
import { requestLog } from "../../../src/journal/request-log.ts";
import type { Logger } from "../../../src/log.ts";

const WORK: AnswerWork = {
  type: "answer",
  model: "builtin",
  servedModel: "builtin",
  isStreamed: true,
  isPrepared: true,
  receipt: {
    queueMs: 1.4,
    prefillMs: 2.6,
    firstTokenMs: null,
    totalMs: 9.5,
    isCut: false,
    usage: { promptTokens: 5, cachedTokens: 2, completionTokens: 0, reasoningTokens: 0 },
    seed: 1,
    cacheMiss: null,
  },
  interTokenMs: null,
  gaps: new Uint32Array(),
  miss: null,
};
const COMPLETE: EndedRequest = {
  requestId: "r",
  path: "/v1/chat/completions",
  key: "alice",
  client: "192.0.2.7",
  status: 200,
  outcome: "stop",
  failure: null,
  trace: null,
  work: WORK,
};

/** @returns what was logged, as [level, fields, message] */
function logged(ended: EndedRequest): readonly (readonly [string, object, string])[] {
  const lines: [string, object, string][] = [];
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push([level, fields, message]);
  const log = { info: at("info"), warn: at("warn"), error: at("error") };
  requestLog(log as unknown as Logger)(ended);
  return lines;
}

function failed(failure: ServiceError, work = COMPLETE.work): EndedRequest {
  return {
    ...COMPLETE,
    ...{ status: failure.traits.status, outcome: failure.code, failure, work },
  };
}

test("a complete answer is one line with its key, its client, its status and whole milliseconds", () => {
  const fields = {
    ...{ requestId: "r", path: "/v1/chat/completions", status: 200, outcome: "stop" },
    ...{ key: "alice", client: "192.0.2.7", model: "builtin", streamed: true },
    ...{ tokensIn: 5, tokensCached: 2, tokensOut: 0 },
    ...{ queueMs: 1, prefillMs: 3, ttftMs: null, totalMs: 10 },
  };
  expect(logged(COMPLETE)).toEqual([["info", fields, "request"]]);
});

test("a refusal has no reason, because its message may quote the request", () => {
  const [line, ...rest] = logged(failed(new ServiceError("invalid_value", "secret text"), null));

  expect(rest).toEqual([]);
  expect(line).toMatchObject(["info", { status: 400, outcome: "invalid_value" }, "request"]);
  expect(JSON.stringify(line)).not.toContain("secret");
});

test("a refused host or origin has a reason, which names the setting to change", () => {
  const [line] = logged(failed(new ServiceError("host_not_allowed", "see --allowed-host"), null));

  expect(line).toMatchObject(["info", { reason: "see --allowed-host" }, "request"]);
});

test("what the server cannot do now is a warning, and what it did wrong an error, with the reason", () => {
  const [full] = logged(failed(new ServiceError("queue_timeout", "too long")));
  const [broken] = logged(failed(new ServiceError("worker_crashed", "it died")));

  expect(full).toMatchObject(["warn", { status: 503, reason: "too long" }, "request"]);
  expect(broken).toMatchObject(["error", { status: 500, reason: "it died" }, "request"]);
});

test("a bug has a second line with the stack", () => {
  const cause = new TypeError("of the code");
  const lines = logged(failed(new ServiceError("internal_error", "internal error", { cause })));

  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatchObject([
    "error",
    { requestId: "r", stack: expect.stringContaining("TypeError") },
    "bug",
  ]);
});

test("a request of a trace has its id, others have none", () => {
  const trace = { traceId: "a".repeat(32), spanId: "b".repeat(16), parent: null, method: "POST" };
  const [line] = logged({ ...COMPLETE, trace: { ...trace, arrivedAt: 0 } });
  const [other] = logged(COMPLETE);

  expect(line?.[1]).toMatchObject({ traceId: trace.traceId });
  expect(other?.[1]).not.toHaveProperty("traceId");
});

test("embeddings have their inputs", () => {
  const work = {
    type: "embedding",
    model: "bert",
    servedModel: "bert",
    inputs: 3,
    promptTokens: 12,
    queueMs: 0.2,
    totalMs: 4.4,
  } as const;
  const [line] = logged({ ...COMPLETE, outcome: "computed", work });

  expect(line).toMatchObject([
    "info",
    { model: "bert", inputs: 3, tokensIn: 12, totalMs: 4 },
    "request",
  ]);
});
