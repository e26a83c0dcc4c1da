// Which `traceparent` headers are accepted. The cases are those of https://www.w3.org/TR/trace-context/.

import { expect, test } from "vitest";
import { traceOf } from "../../../src/telemetry/trace-context.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

function withParent(traceparent?: string, tracestate?: string) {
  return traceOf({ method: "POST", traceparent, tracestate });
}

test("a request continues the trace of its client, in a span of its own", () => {
  const trace = withParent(`00-${TRACE}-${SPAN}-01`, "vendor=1");

  expect(trace).toMatchObject({
    traceId: TRACE,
    parent: { spanId: SPAN, isSampled: true, state: "vendor=1" },
  });
  expect(trace.spanId).toMatch(/^[\da-f]{16}$/);
  expect(trace.spanId).not.toBe(SPAN);
});

test.each([
  ["00", false],
  ["01", true],
  ["03", true],
  ["02", false],
])("the flags %s say whether the client's trace is sent", (flags, isSampled) => {
  expect(withParent(`00-${TRACE}-${SPAN}-${flags}`).parent?.isSampled).toBe(isSampled);
});

test("a later version may have more fields", () => {
  expect(withParent(`01-${TRACE}-${SPAN}-01-more`).traceId).toBe(TRACE);
});

test.each([
  undefined,
  "",
  "nonsense",
  `ff-${TRACE}-${SPAN}-01`,
  `00-${"0".repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${"0".repeat(16)}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${TRACE}-${SPAN}-01-more`,
  `00-${TRACE}-${SPAN}`,
])("the header %j begins a new trace", (header) => {
  const trace = withParent(header, "vendor=1");

  expect(trace.parent).toBeNull();
  expect(trace.traceId).toMatch(/^[\da-f]{32}$/);
  expect(trace.traceId).not.toBe(TRACE);
});

test("a state that is too long is left out", () => {
  expect(withParent(`00-${TRACE}-${SPAN}-01`, "a".repeat(513)).parent?.state).toBeNull();
});
