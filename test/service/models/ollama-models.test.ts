// Ollama's routes about models, and its embeddings, over real HTTP.

import { statSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { linesOf } from "../../support/clients/expect-schema.ts";
import { post } from "../../support/clients/sse-client.ts";
import { newKeysFile } from "../../support/keys.ts";
import {
  BUILTIN_MODEL,
  type RunningService,
  startWithFake,
  startWithFakeEmbeddings,
} from "../../support/start-service.ts";

let running: RunningService;
afterEach(async () => running.close());

type List = { readonly models: readonly { readonly name: string; readonly digest: string }[] };

const get = async (path: string) => (await fetch(running.url + path)).json() as Promise<List>;
const show = async (model: string) => post(`${running.url}/api/show`, { model });

const DETAILS = {
  ...{ parent_model: "", format: "gguf", family: "llama", families: ["llama"] },
  ...{ parameter_size: "6.3M", quantization_level: "Q8_0" },
};

const { size, mtime } = statSync(BUILTIN_MODEL);
const FILE = { size, modified_at: mtime.toISOString() };

test("lists the model under each of its names, each with a tag", async () => {
  running = await startWithFake({}, { alias: ["tiny", "llama3:8b"] });

  const { models } = await get("/api/tags");

  expect(models).toMatchObject([
    { name: "tiny:latest", model: "tiny:latest", ...FILE, details: DETAILS },
    { name: "llama3:8b", model: "llama3:8b", ...FILE, details: DETAILS },
  ]);
  expect(new Set(models.map(({ digest }) => digest)).size).toBe(2);
});

test("lists a separate embedding model too, which is loaded on demand", async () => {
  running = await startWithFake({}, { embeddingModel: "models/bge.gguf" });

  const [{ models }, loaded] = await Promise.all([get("/api/tags"), get("/api/ps")]);

  const names = (of: List["models"]) => of.map(({ name }) => name);
  expect(names(models)).toEqual(["builtin:latest", "bge:latest"]);
  expect(names(loaded.models)).toEqual(["builtin:latest"]);
  expect(await (await show("bge:latest")).json()).toMatchObject({ capabilities: ["embedding"] });
});

test("shows the facts about a model that clients need", async () => {
  running = await startWithFake();

  const shown = await (await show("builtin:latest")).json();

  expect(shown).toMatchObject({
    details: DETAILS,
    template: "{{ messages }}",
    parameters: "num_ctx 4096",
    capabilities: ["completion", "tools", "thinking"],
    model_info: {
      "general.architecture": "llama",
      "general.parameter_count": 6_300_000,
      "llama.context_length": 4096,
    },
  });
});

test("shows few facts about a model that has not been loaded, and omits it in /api/ps", async () => {
  const fake = await startWithFake();
  running = fake;
  fake.engine.startLoading();

  expect(await get("/api/ps")).toEqual({ models: [] });
  expect(await get("/api/tags")).toMatchObject({ models: [{ ...FILE, details: { family: "" } }] });
  expect((await show("builtin")).status).toBe(200);
});

test("returns the version of the API, and answers probes", async () => {
  running = await startWithFake();

  const probe = await fetch(running.url, { method: "HEAD" });

  expect(await get("/api/version")).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
  expect(probe.status).toBe(200);
});

test("a pull of a served model succeeds at once, of an unknown one the error says what is allowed", async () => {
  running = await startWithFake();
  const pull = async (body: object) => post(`${running.url}/api/pull`, body);

  const [served, older, missing] = await Promise.all([
    pull({ model: "builtin", stream: true }),
    pull({ name: "builtin:latest", stream: false }),
    pull({ model: "lama3" }),
  ]);

  expect(await linesOf(served)).toEqual([{ status: "pulling manifest" }, { status: "success" }]);
  expect(await older.json()).toEqual({ status: "success" });
  expect(missing.status).toBe(404);
  expect(await missing.json()).toMatchObject({
    error: expect.stringContaining("neither a short name"),
    code: "model_not_found",
  });
});

test.each([
  ["POST", "/api/create"],
  ["POST", "/api/push"],
  ["HEAD", "/api/blobs/sha256:1"],
])("%s %s is refused, and the error says what to do instead", async (method, path) => {
  running = await startWithFake();

  const response = await fetch(running.url + path, { method });

  expect(response.status).toBe(404);
  if (method === "HEAD") return;
  expect(await response.json()).toMatchObject({ error: expect.stringContaining("--model FILE") });
});

test("returns vectors of length 1, or at the older path not normalized ones", async () => {
  running = await startWithFakeEmbeddings();

  const many = await post(`${running.url}/api/embed`, {
    ...{ model: "builtin", input: ["abc", "a"], truncate: true, keep_alive: "5m" },
    options: { num_ctx: 100 },
  });
  const older = await post(`${running.url}/api/embeddings`, { model: "builtin", prompt: "abc" });
  const one = await post(`${running.url}/api/embed`, {
    model: "builtin",
    input: "abc",
    dimensions: 1,
  });

  const half = expect.closeTo(Math.SQRT1_2);
  const count = expect.any(Number);
  expect(await many.json()).toEqual({
    model: "builtin",
    embeddings: [
      [expect.closeTo(0.948683), expect.closeTo(0.316228)],
      [half, half],
    ],
    ...{ total_duration: count, load_duration: count, prompt_eval_count: 2 },
  });
  expect(await older.json()).toEqual({ embedding: [3, 1] });
  expect(await one.json()).toMatchObject({ embeddings: [[1]] });
});

test("a key may use the routes of its scopes, and may list models with any scope", async () => {
  const keys = newKeysFile();
  const reader = keys.add("reader", "--scope", "read");
  const embedder = keys.add("embedder", "--scope", "embed");
  running = await startWithFakeEmbeddings({}, { keysFile: keys.path });
  const asked = async (path: string, body: object, headers: Record<string, string>) =>
    (await post(`${running.url}${path}`, { model: "builtin", ...body }, headers)).status;

  const list = await fetch(`${running.url}/api/tags`, { headers: { ...reader } });
  const statuses = await Promise.all([
    asked("/api/chat", {}, { ...reader }),
    asked("/api/embed", { input: "a" }, { ...reader }),
    asked("/api/embed", { input: "a" }, { ...embedder }),
    asked("/api/show", {}, { ...embedder }),
  ]);

  expect([list.status, ...statuses]).toEqual([200, 403, 403, 200, 200]);
});
