// The W3C trace context of a request: https://www.w3.org/TR/trace-context/. Pure, but for the random ids. The SDK is not loaded here.

import { randomBytes } from "node:crypto";
import type { RequestTrace } from "../journal/journal.ts";

/** What a request brings. */
type TraceHeaders = {
  readonly method: string;
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
};

const TRACEPARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const SAMPLED = 1;
const MAX_TRACESTATE_CHARS = 512;

/** A new span for a request that arrives now: in the trace of its client, or in one of its own. An invalid header is ignored. */
export function traceOf({ method, traceparent, tracestate }: TraceHeaders): RequestTrace {
  const common = { spanId: randomId(8), method, arrivedAt: wallClockMs() };
  const parent = parseTraceparent(traceparent?.trim() ?? "");
  if (!parent) return { ...common, traceId: randomId(16), parent: null };
  const { traceId, spanId, isSampled } = parent;
  const state = tracestate && tracestate.length <= MAX_TRACESTATE_CHARS ? tracestate : null;
  return { ...common, traceId, parent: { spanId, isSampled, state } };
}

/** Unix time in ms, with fractions. */
export function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}

function parseTraceparent(text: string) {
  const [, version, traceId = "", spanId = "", flags = "", rest] = TRACEPARENT.exec(text) ?? [];
  if (version === undefined || version === "ff" || (version === "00" && rest)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}

function randomId(bytes: number): string {
  const id = randomBytes(bytes).toString("hex");
  return /^0+$/.test(id) ? randomId(bytes) : id;
}
