// The page at /docs: complete without a network, without scripts, and with everything in the OpenAPI document.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express, { type ErrorRequestHandler } from "express";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderPage } from "../../../scripts/docs-page/page.ts";
import type { OpenapiDocument } from "../../../src/api/openapi/document.ts";
import { mountDocs } from "../../../src/http/routes/docs-routes.ts";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

let running: RunningService;
let response: Response;
let page: string;
let document: OpenapiDocument;
beforeAll(async () => {
  running = await startWithFake({}, { apiKey: ["secret"] });
  response = await fetch(`${running.url}/docs`);
  page = await response.text();
  document = (await (await fetch(`${running.url}/openapi.json`)).json()) as OpenapiDocument;
});
afterAll(async () => running.close());

function attributes(name: string): readonly string[] {
  return [...page.matchAll(new RegExp(`\\s${name}="([^"]*)"`, "g"))].map(([, value = ""]) => value);
}

test("needs no key, and its policy allows only its own style", async () => {
  expect(response.status).toBe(200);
  expect(response.headers.get("content-security-policy")).toMatch(
    /^default-src 'none';script-src 'none';style-src 'self';/,
  );
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
});

test("loads nothing from elsewhere, and has nothing inline that a policy would block", async () => {
  const loaded = [...attributes("href"), ...attributes("src")].filter(
    (url) => !url.startsWith("#"),
  );

  expect([...new Set(loaded)].sort()).toEqual(["/docs/style.css", "/openapi.json"]);
  expect(page).not.toMatch(/<script|<style|\sstyle=|\son\w+=|<img|<iframe/i);
  for (const url of loaded) expect((await fetch(running.url + url)).status).toBe(200);
  expect(await (await fetch(`${running.url}/docs/style.css`)).text()).not.toMatch(/url\(|@import/);
});

test("has a section for every operation, and every link leads to one", () => {
  const ids = attributes("id");
  const anchors = attributes("href").filter((url) => url.startsWith("#"));
  const wanted = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );

  expect(ids).toEqual(expect.arrayContaining(wanted));
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toEqual(expect.arrayContaining(anchors.map((url) => url.slice(1))));
});

test("has every path, each with a command that works in a shell", () => {
  for (const path of Object.keys(document.paths)) expect(page).toContain(path);
  const calls = page.match(/curl [^\n]*/g) ?? [];

  expect(calls.length).toBeGreaterThan(Object.keys(document.paths).length);
  for (const call of calls) expect((call.match(/&#39;/g) ?? []).length % 2).toBe(0);
});

test("shows the document's content as text, never as markup", () => {
  const hostile = "<script>alert('&')</script>";

  const shown = renderPage({ ...document, info: { ...document.info, title: hostile } });

  expect(shown).not.toContain("<script>");
  expect(shown).toContain("&lt;script&gt;alert(&#39;&amp;&#39;)");
});

test("names the server as the reader reached it, and answers HEAD without a body", async () => {
  const head = await fetch(`${running.url}/docs`, { method: "HEAD" });

  expect(page).toContain(`curl ${running.url}/v1/models`);
  expect(page).toContain(`>Sluice ${document.info.version}<`);
  expect(head.status).toBe(200);
  expect(head.headers.get("content-length")).toBe(String(Buffer.byteLength(page)));
});

test.each(["/docs", "/docs/style.css"])(
  "without a build, %s says how to make one",
  async (path) => {
    const app = express();
    mountDocs(app, { build: "sluice 0", builtFolder: "/nowhere" });
    const showError: ErrorRequestHandler = (error, _req, res, _next) =>
      void res.send(error.message);
    app.use(showError);
    const server = app.listen(0, "127.0.0.1");
    await once(server, "listening");

    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);

    expect(await answer.text()).toBe("the page is not built; run `npm run build`");
    server.close();
  },
);
