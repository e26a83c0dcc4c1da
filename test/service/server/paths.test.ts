// Paths without the version, and bodies in other encodings.

import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

let running: RunningService;
beforeAll(async () => {
  running = await startWithFake({ texts: ["Hey"] });
});
afterAll(async () => running.close());

const JSON_TYPE = { "content-type": "application/json" };
const message = { role: "user", content: "Hi" };

function send(path: string, body: string | Uint8Array<ArrayBuffer>, query = ""): Promise<Response> {
  return fetch(`${running.url}${path}${query}`, { method: "POST", headers: JSON_TYPE, body });
}

test.each([
  ["/chat/completions", { messages: [message] }, "chat.completion"],
  ["/completions", { prompt: "Hi" }, "text_completion"],
  ["/responses", { input: "Hi" }, "response"],
])("serves %s as with /v1", async (path, body, object) => {
  const response = await send(path, JSON.stringify(body), "?a=1");

  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ object });
});

test("lists and describes models without /v1 too", async () => {
  const list = (await (await fetch(`${running.url}/models`)).json()) as { data: { id: string }[] };
  const one = await fetch(`${running.url}/models/${list.data[0]?.id}`);

  expect([one.status, ((await one.json()) as { id: string }).id]).toEqual([200, list.data[0]?.id]);
});

test.each(["/chat/completions", "/completion"])("allows only POST on %s", async (path) => {
  const response = await fetch(`${running.url}${path}`);

  expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
});

test("does not take longer names for paths without /v1", async () => {
  expect((await send("/completions2", "{}")).status).toBe(404);
  expect((await send("/chat/completions/x", "{}")).status).toBe(404);
});

test("refuses a body that is not UTF-8 instead of replacing its characters", async () => {
  const text = JSON.stringify({ messages: [{ ...message, content: "Gr\u00fc\u00dfe" }] });

  const response = await send("/v1/chat/completions", Buffer.from(text, "latin1"));

  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    error: { code: "invalid_json", message: expect.stringContaining("not valid UTF-8") },
  });
});

test("skips a byte order mark before a body", async () => {
  const text = `\uFEFF${JSON.stringify({ messages: [message] })}`;

  expect((await send("/v1/chat/completions", text)).status).toBe(200);
});
