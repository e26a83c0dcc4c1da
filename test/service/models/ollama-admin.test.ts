// Ollama's routes that change what the server has: delete and copy, and the empty prompt that loads or unloads a model.

import { readdirSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { post } from "../../support/clients/sse-client.ts";
import { newKeysFile } from "../../support/keys.ts";
import { startWithFolder } from "../../support/model-folder.ts";
import { BUILTIN_MODEL } from "../../support/start-service.ts";

type Tags = { readonly models: readonly { readonly name: string }[] };

test("a model of the folder is listed with its file, and deleted with an empty answer", async () => {
  const folder = await startWithFolder({ models: ["small"] });
  const { url } = folder;
  const erase = async (model: string) =>
    fetch(`${url}/api/delete`, { method: "DELETE", body: JSON.stringify({ model }) });

  const { models } = (await (await fetch(`${url}/api/tags`)).json()) as Tags;
  const deleted = await erase("small:latest");
  const [again, configured] = [await erase("small"), await erase("builtin")];

  expect(models.at(-1)).toMatchObject({ name: "small:latest", size: statSync(BUILTIN_MODEL).size });
  expect([deleted.status, await deleted.text()]).toEqual([200, ""]);
  expect([again.status, configured.status]).toEqual([404, 400]);
  expect(readdirSync(folder.folder)).toEqual([]);
});

test("a copy is a further name of the model, unless another model has it", async () => {
  const { url } = await startWithFolder({ models: ["small"] });
  const copy = (source: string, destination: string) =>
    post(`${url}/api/copy`, { source, destination });

  const copied = await copy("builtin", "gpt-4o:latest");
  const statuses = [
    (await copy("builtin", "gpt-4o")).status,
    (await copy("small", "gpt-4o")).status,
    (await copy("builtin", "small")).status,
    (await copy("builtin", "a b")).status,
    (await copy("no-such", "x")).status,
  ];
  const answer = await post(`${url}/api/chat`, {
    ...{ model: "gpt-4o", messages: [{ role: "user", content: "Hi" }], stream: false },
  });

  expect([copied.status, await copied.text()]).toEqual([200, ""]);
  expect(statuses).toEqual([200, 400, 400, 400, 404]);
  expect(await answer.json()).toMatchObject({ model: "gpt-4o", done: true });
  const { models } = (await (await fetch(`${url}/api/tags`)).json()) as Tags;
  const names = models.map(({ name }) => name);
  expect(names).toEqual(["builtin:latest", "gpt-4o:latest", "small:latest"]);
});

test.for([
  ["/api/delete", "small"],
  ["/v1/models/", "small"],
  ["/api/delete", "builtin"],
] as const)("DELETE %s of a copied name of %s removes only that name", async ([place, source]) => {
  const { url, folder } = await startWithFolder({ models: ["small"] });
  const names = async () =>
    ((await (await fetch(`${url}/api/tags`)).json()) as Tags).models.map(({ name }) => name);
  const erase = (model: string) =>
    place === "/api/delete"
      ? fetch(url + place, { method: "DELETE", body: JSON.stringify({ model }) })
      : fetch(`${url}${place}${model}`, { method: "DELETE" });
  for (const destination of ["one", "two"]) await post(`${url}/api/copy`, { source, destination });

  expect((await erase("one:latest")).status).toBe(200);
  expect((await names()).toSorted()).toEqual(["builtin:latest", "small:latest", "two:latest"]);
  expect(readdirSync(folder)).toEqual(["small.gguf"]);
  expect((await erase("one")).status).toBe(404);

  expect((await erase("small")).status).toBe(200);
  expect(await names()).toEqual(
    source === "small" ? ["builtin:latest"] : ["builtin:latest", "two:latest"],
  );
  expect(readdirSync(folder)).toEqual([]);
});

test("a name of the settings is not deleted", async () => {
  const { url } = await startWithFolder({ settings: { alias: ["builtin", "gpt-4o"] } });

  const answer = await fetch(`${url}/v1/models/gpt-4o`, { method: "DELETE" });

  expect([answer.status, (await fetch(`${url}/v1/models/gpt-4o`)).status]).toEqual([400, 200]);
});

test("an empty prompt loads the model, and with keep_alive 0 unloads it", async () => {
  const folder = await startWithFolder({ models: ["small"], engine: { loadMs: 20 } });
  const { url, engineOf } = folder;
  const ask = async (path: string, more: object) =>
    (await post(`${url}${path}`, { model: "small", ...more })).json();
  const loaded = async () => {
    const { models } = (await (await fetch(`${url}/api/ps`)).json()) as Tags;
    return models.find(({ name }) => name === "small:latest");
  };

  expect(await loaded()).toBeUndefined();
  expect(await ask("/api/generate", {})).toMatchObject({ done: true, done_reason: "load" });
  expect(await loaded()).toMatchObject({ size: 1, size_vram: 0 });
  expect(await ask("/api/chat", { keep_alive: 0 })).toMatchObject({ done_reason: "unload" });
  expect([await loaded(), engineOf("small").unloads]).toEqual([undefined, 1]);
});

test("keep_alive 0 unloads for the scope admin only, and after an answer is only named", async () => {
  const keys = newKeysFile();
  const user = keys.add("user", "--scope", "generate");
  const { url, engineOf } = await startWithFolder({ settings: { keysFile: keys.path } });
  const ask = (more: object) =>
    post(`${url}/api/generate`, { model: "builtin", keep_alive: 0, stream: false, ...more }, user);

  const refused = await ask({});
  const answered = await ask({ prompt: "Hi" });

  expect([refused.status, await refused.json()]).toMatchObject([
    403,
    { code: "permission_denied", param: "keep_alive" },
  ]);
  expect([answered.status, answered.headers.get("x-ignored-params")]).toEqual([200, "keep_alive"]);
  expect(engineOf("builtin").unloads).toBe(0);
});
