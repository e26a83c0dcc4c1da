// Conversion of the server's wait status to what the page shows.

import { expect, test } from "vitest";
import { phaseFrom, phaseInComment } from "../../../src/web/client/wait-phase.ts";

test.each([
  [" connected heartbeat_ms=5000", null],
  [" heartbeat", null],
  [" queued position=3 eta_ms=4200", { type: "queued", position: 3, etaMs: 4200 }],
  [" queued position=1", { type: "queued", position: 1, etaMs: null }],
  [" loading progress=0.42", { type: "loading", progress: 0.42, etaMs: null }],
  [" loading progress=0.42 eta_ms=1200", { type: "loading", progress: 0.42, etaMs: 1200 }],
  [" unloaded progress=0.00", { type: "loading", progress: null, etaMs: null }],
  [" restarting progress=0.00", { type: "restarting" }],
  [" something of a proxy", null],
])("converts the comment%s", (comment, phase) => {
  expect(phaseInComment(comment)).toEqual(phase);
});

test("converts the fields of a WebSocket's message", () => {
  expect(phaseFrom({ state: "queued", position: 2, eta_ms: null })).toEqual({
    type: "queued",
    position: 2,
    etaMs: null,
  });
  expect(phaseFrom({ state: "loading", progress: 0.5, eta_ms: 3000 })).toEqual({
    type: "loading",
    progress: 0.5,
    etaMs: 3000,
  });
  expect(phaseFrom({ state: "failed", progress: 0 })).toBe(null);
});
