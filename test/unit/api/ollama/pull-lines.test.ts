// The lines of a pull, as Ollama's clients read them.

import { expect, test } from "vitest";
import { encodePullLine } from "../../../../src/api/ollama/pull-lines.ts";
import type { ShownPull } from "../../../../src/api/sluice/pulls.ts";

const PULL: ShownPull = {
  ...{ id: "pull_1", model: "qwen3:4b", status: "downloading", name: null, error: null },
  ...{ completedBytes: 250, totalBytes: 1000, bytesPerSecond: null, etaMs: null },
  startedAt: new Date(0),
};

test.each<[string, Partial<ShownPull>, object]>([
  ["waits", { status: "queued", totalBytes: null }, { status: "pulling manifest" }],
  ["has no size yet", { totalBytes: null }, { status: "pulling manifest" }],
  ["is checked", { status: "verifying" }, { status: "verifying sha256 digest" }],
  ["is done", { status: "done" }, { status: "success" }],
])("says that a pull %s", (_what, change, line) => {
  expect(encodePullLine({ ...PULL, ...change })).toEqual(line);
});

test("gives each model a digest of its own, the beginning of which is in the status", () => {
  const [one, other] = [encodePullLine(PULL), encodePullLine({ ...PULL, model: "qwen3:8b" })];

  expect(one).toMatchObject({ total: 1000, completed: 250 });
  expect(one.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(one.status).toBe(`pulling ${one.digest?.slice(7, 19)}`);
  expect(other.digest).not.toBe(one.digest);
});
