// The models panel's state: actions on models, downloads, and when it asks the server again.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ModelManager } from "../../../src/web/chat/model-manager.ts";
import { Server } from "../../../src/web/client/server.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

type Call = { readonly method: string; readonly path: string; readonly signal: AbortSignal };

/** A manager whose server lists these downloads. Other calls get the answer of `answer`. */
function managing(answer: (call: Call) => Promise<Response> = async () => Response.json({})) {
  const pulls: object[] = [];
  const calls: string[] = [];
  vi.stubGlobal("fetch", async (url: URL, { method = "GET", signal }: RequestInit) => {
    const path = url.pathname.replace("/v1/models/", "");
    calls.push(`${method} ${path}`);
    if (path === "pulls") return Response.json({ data: pulls });
    return await answer({ method, path, signal: signal ?? AbortSignal.abort() });
  });
  const status = { refresh: vi.fn(async () => {}) };
  const manager = new ModelManager(new Server("http://here/", () => null), status);
  const polls = () => calls.filter((call) => call === "GET pulls").length;
  return { manager, status, pulls, calls, polls };
}

function pull(id: string, model: string, status: string, more: object = {}) {
  const unknown = { total: null, bytes_per_second: null, eta_ms: null, name: null, error: null };
  return { id, model, status, completed: 0, ...unknown, ...more };
}

const refused = (message: string, status = 400) =>
  Response.json({ error: { message, code: "some_code" } }, { status });

test("polls once a second while something is downloaded, and not afterwards", async () => {
  const { manager, pulls, polls } = managing();
  pulls.push(pull("1", "qwen3:4b", "downloading"));
  await manager.refresh();
  expect(polls()).toBe(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(polls()).toBe(3);

  pulls[0] = pull("1", "qwen3:4b", "done", { name: "qwen3-4b" });
  await vi.advanceTimersByTimeAsync(60_000);

  expect(polls()).toBe(4);
  expect(manager.get()).toMatchObject({ pulls: [], notice: "qwen3-4b is downloaded." });
});

test("polls no more when the panel is closed, also if a poll is still running", async () => {
  const { manager, pulls, polls } = managing();
  pulls.push(pull("1", "qwen3:4b", "downloading"));
  await manager.refresh();
  const last = manager.refresh();
  manager.close();
  await last;
  await vi.advanceTimersByTimeAsync(60_000);

  expect(polls()).toBe(2);
});

test("refreshes the models while one is loaded, and says when it is", async () => {
  let finish = (_: Response) => {};
  const { manager, status, calls } = managing(
    () =>
      new Promise((resolve) => {
        finish = resolve;
      }),
  );
  const loaded = manager.change("load", "qwen3-4b");
  await manager.change("unload", "qwen3-4b"); // ignored while the other runs
  expect(manager.get().working).toEqual(new Map([["qwen3-4b", "load"]]));
  await vi.advanceTimersByTimeAsync(2_000);
  expect(status.refresh).toHaveBeenCalledTimes(2);

  finish(Response.json({}));
  await loaded;

  expect(manager.get()).toMatchObject({ working: new Map(), notice: "qwen3-4b is loaded." });
  expect(calls.filter((call) => call !== "GET pulls")).toEqual(["POST load"]);
});

test("keeps why an action failed until the next one on the same model", async () => {
  const answers = [refused("it needs 9.00 GB"), Response.json({})];
  const { manager, calls } = managing(async () => answers.shift() ?? Response.json({}));
  await manager.change("load", "big");
  await manager.change("load", "other");
  expect(manager.get().problems).toEqual(new Map([["big", "it needs 9.00 GB"]]));

  await manager.change("delete", "big");

  expect(manager.get().problems).toEqual(new Map());
  expect(calls.at(-1)).toBe("DELETE big");
});

test("deletes a model whose name has slashes and other characters", async () => {
  const { manager, calls } = managing();
  await manager.change("delete", "user/a model");
  expect(calls).toEqual(["DELETE user/a%20model"]);
});

test("an action that still waits when the panel is closed is no failure", async () => {
  const { manager } = managing(
    ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
  );
  const loaded = manager.change("load", "qwen3-4b");
  manager.close();
  await loaded;
  expect(manager.get().problems).toEqual(new Map());
});

test("shows the newest download of each model that runs or has failed, the newest first", async () => {
  const { manager, pulls } = managing();
  pulls.push(
    pull("1", "a", "failed", { error: { message: "no space" } }),
    pull("2", "b", "failed", { error: { message: "not found" } }),
    pull("3", "c", "done"),
    pull("4", "a", "downloading"),
    pull("5", "d", "queued"),
    pull("6", "e", "cancelled"),
  );
  await manager.refresh();
  manager.close();

  expect(manager.get().pulls.map(({ id, problem }) => [id, problem])).toEqual([
    ["5", null],
    ["4", null],
    ["2", "not found"],
  ]);
});

test("says why a download could not be started, until one can", async () => {
  const answers = [
    refused("nonsense is not a model"),
    Response.json(pull("1", "qwen3:4b", "queued"), { status: 202 }),
  ];
  const { manager } = managing(async () => answers.shift() ?? Response.json({}));

  expect(await manager.pull("nonsense")).toBe(false);
  expect(manager.get().pullProblem).toBe("nonsense is not a model");
  expect(await manager.pull("qwen3:4b")).toBe(true);
  expect(manager.get()).toMatchObject({ pullProblem: null, notice: "Downloading qwen3:4b." });
});

test("says that a download failed, also if it did so before the first poll", async () => {
  const started = Response.json(pull("2", "none", "queued"), { status: 202 });
  const { manager, pulls } = managing(async () => started);
  pulls.push(pull("1", "old", "failed", { error: { message: "too long ago" } }));
  await manager.refresh();
  expect(manager.get().notice).toBe("");

  pulls.push(pull("2", "none", "failed", { error: { message: "not found" } }));
  await manager.pull("none");
  expect(manager.get().notice).toBe("Downloading none.");
  await vi.advanceTimersByTimeAsync(0);

  expect(manager.get().notice).toBe("The download of none failed: not found");
});

test("says that a download was cancelled", async () => {
  const { manager, pulls } = managing(async () => {
    pulls[0] = pull("1", "qwen3:4b", "cancelled");
    return Response.json({});
  });
  pulls.push(pull("1", "qwen3:4b", "downloading"));
  await manager.refresh();
  await manager.cancel("1");
  await vi.advanceTimersByTimeAsync(0);

  expect(manager.get()).toMatchObject({ pulls: [], notice: "The download was cancelled." });
});

test("a download that has ended already can be cancelled", async () => {
  const { manager, calls } = managing(async () => refused("no such pull", 404));
  await manager.cancel("1");
  expect(manager.get().pullProblem).toBe(null);
  expect(calls).toEqual(["DELETE pulls/1", "GET pulls"]);
});
