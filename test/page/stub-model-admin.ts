// Answers the page's calls that manage models, in place of the server: a test says how far a download is, and what fails. The list
// of models stays the server's, and those that the stub adds.

import type { Page, Route } from "playwright-core";

export type ModelAdminStub = {
  /** What the page asked for: `load NAME`, `unload NAME`, `delete NAME`. */
  readonly actions: readonly string[];
  /** Lets actions wait until `release()`. */
  readonly hold: () => void;
  readonly release: () => void;
  /** Refuses the next action or download. */
  readonly refuse: (message: string) => void;
  /** Adds a model to the list that can be deleted. */
  readonly offer: (name: string) => void;
  /** Changes the newest download. */
  readonly progress: (bytes: { readonly completed: number; readonly total: number }) => void;
  readonly finish: (name: string) => void;
  readonly fail: (message: string) => void;
};

type Pull = Record<string, unknown> & { readonly id: string };

export async function stubModelAdmin(page: Page): Promise<ModelAdminStub> {
  const actions: string[] = [];
  const offered = new Set<string>();
  const pulls: Pull[] = [];
  let problem: string | null = null;
  let held: Promise<void> = Promise.resolve();
  let release = () => {};
  const change = (fields: object) => Object.assign(pulls.at(-1) ?? {}, fields);
  const act = async (route: Route, action: string, name: string) => {
    actions.push(`${action} ${name}`);
    await held;
    if (problem !== null) return refuse(route);
    if (action === "delete") offered.delete(name);
    await route.fulfill({ json: {} });
  };
  const refuse = async (route: Route) => {
    const json = { error: { message: problem, code: "invalid_value" } };
    problem = null;
    await route.fulfill({ status: 400, json });
  };

  await page.route("**/v1/models", async (route) => {
    const response = await route.fetch();
    const list = (await response.json()) as { data: readonly { meta: object }[] };
    const more = [...offered].map((id) => offeredModel(id, list.data[0]?.meta ?? {}));
    await route.fulfill({ json: { ...list, data: [...list.data, ...more] } });
  });
  await page.route("**/v1/models/**", async (route) => {
    const request = route.request();
    const path = new URL(request.url()).pathname.replace("/v1/models/", "");
    const { model = "" } = (request.postDataJSON() ?? {}) as { model?: string };
    if (path === "load" || path === "unload") return act(route, path, model);
    if (path === "pull" && problem !== null) return refuse(route);
    if (path === "pull") {
      pulls.push(newPull(`pull_${pulls.length}`, model));
      return route.fulfill({ status: 202, json: pulls.at(-1) });
    }
    if (path === "pulls") return route.fulfill({ json: { object: "list", data: pulls } });
    if (!path.startsWith("pulls/")) return act(route, "delete", decodeURIComponent(path));
    change({ status: "cancelled" });
    return route.fulfill({ json: pulls.at(-1) });
  });

  return {
    actions,
    hold: () => {
      held = new Promise((resolve) => {
        release = resolve;
      });
    },
    release: () => release(),
    refuse: (message) => {
      problem = message;
    },
    offer: (name) => void offered.add(name),
    progress: (bytes) =>
      void change({ ...bytes, status: "downloading", bytes_per_second: 35e6, eta_ms: 40_000 }),
    finish: (name) => {
      offered.add(name);
      change({ status: "done", name, bytes_per_second: null, eta_ms: null });
    },
    fail: (message) => void change({ status: "failed", error: { message, code: "pull_failed" } }),
  };
}

function newPull(id: string, model: string): Pull {
  const unknown = { total: null, bytes_per_second: null, eta_ms: null, name: null, error: null };
  return { id, object: "model.pull", model, status: "downloading", completed: 0, ...unknown };
}

/** @param like the facts of another model */
function offeredModel(id: string, like: object) {
  const facts = { state: "unloaded", kind: "chat", aliases: [], deletable: true, pinned: false };
  return { id, object: "model", meta: { ...like, ...facts, size: 2_500_000_000 } };
}
