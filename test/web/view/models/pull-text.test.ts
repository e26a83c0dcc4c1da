// What the page says about a download.

import { expect, test } from "vitest";
import type { ModelPull } from "../../../../src/web/client/model-calls.ts";
import { pullText } from "../../../../src/web/view/models/pull-text.ts";

const STARTED: ModelPull = {
  id: "pull_1",
  model: "qwen3:4b",
  status: "downloading",
  completedBytes: 0,
  totalBytes: null,
  bytesPerSecond: null,
  etaMs: null,
  name: null,
  problem: null,
};

test.each<[Partial<ModelPull>, string]>([
  [{ status: "queued" }, "Waits for another download"],
  [{}, "Starting…"],
  [{ totalBytes: 2.5e9 }, "0 KB of 2.5 GB"],
  [{ completedBytes: 35e6, bytesPerSecond: 35e6 }, "35 MB · 35 MB/s"],
  [
    { completedBytes: 1.2e9, totalBytes: 2.5e9, bytesPerSecond: 35e6, etaMs: 37_000 },
    "1.2 GB of 2.5 GB · 35 MB/s · about 37 s left",
  ],
  [{ status: "verifying" }, "Checking the file…"],
  [{ status: "failed", problem: "no such repository" }, "no such repository"],
  [{ status: "failed" }, "The download failed."],
])("describes %o", (change, text) => {
  expect(pullText({ ...STARTED, ...change })).toBe(text);
});
