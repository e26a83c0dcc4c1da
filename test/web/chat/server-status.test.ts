// How often the page asks the server for its state.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ServerStatus } from "../../../src/web/chat/server-status.ts";
import { Server } from "../../../src/web/client/server.ts";
import { wireModel } from "../client/wire-models.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("every second while a model is between two states, and rarely when none is", async () => {
  let state = "loading";
  let polls = 0;
  vi.stubGlobal("fetch", async ({ pathname }: URL) => {
    if (pathname === "/ready")
      return Response.json({ status: "ready", reason: null, load_progress: 1 });
    polls += 1;
    return Response.json({ data: [wireModel("a"), wireModel("b", { state })] });
  });
  const status = new ServerStatus(new Server("http://here/", () => null));
  await status.refresh();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(polls).toBe(4);

  state = "ready";
  await vi.advanceTimersByTimeAsync(10_000);

  expect(polls).toBe(5);
  expect(status.get().models.map((model) => model.state)).toEqual(["ready", "ready"]);
});
