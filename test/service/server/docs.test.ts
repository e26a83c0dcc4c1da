// The page at /docs over HTTP. What it shows in a browser: test/page/docs.test.ts.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express, { type ErrorRequestHandler } from "express";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mountDocs } from "../../../src/http/routes/docs-routes.ts";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

let running: RunningService;
let response: Response;
let page: string;
beforeAll(async () => {
  running = await startWithFake({}, { apiKey: ["secret"] });
  response = await fetch(`${running.url}/docs`);
  page = await response.text();
});
afterAll(async () => running.close());

test("needs no key, and its policy allows only files of this server", () => {
  expect(response.status).toBe(200);
  expect(response.headers.get("content-security-policy")).toBe(
    "default-src 'none';script-src 'self';style-src 'self';img-src 'self' data:;font-src 'self';connect-src 'self';manifest-src 'self';worker-src 'self';frame-src 'self';base-uri 'none';form-action 'none';frame-ancestors 'none'",
  );
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
});

test("links only to files of this server, which need no key, and has nothing inline", async () => {
  const links = [...page.matchAll(/\s(?:href|src)="([^"]*)"/g)].map(([, link = ""]) => link);
  const files = links.filter((link) => link !== "data:,");

  expect(files.sort()).toEqual([
    "docs/start.js",
    "docs/swagger-ui-bundle.js",
    "docs/swagger-ui.css",
    "openapi.json",
  ]);
  expect(page).not.toMatch(/<script(?! defer src=)|<style|\sstyle=|\son\w+=|<iframe/i);
  for (const file of files) expect((await fetch(`${running.url}/${file}`)).status).toBe(200);
});

test("its style sheet loads nothing from elsewhere", async () => {
  const css = await (await fetch(`${running.url}/docs/swagger-ui.css`)).text();

  expect(css).not.toMatch(/url\((?!"?data:)|@import/);
});

test("a trailing slash leads to the page, behind a prefix as well", async () => {
  const { status, headers } = await fetch(`${running.url}/docs/`, { redirect: "manual" });

  expect([status, headers.get("location")]).toEqual([302, "../docs"]);
});

test("answers HEAD without a body, and only GET otherwise", async () => {
  const head = await fetch(`${running.url}/docs`, { method: "HEAD" });
  const post = await fetch(`${running.url}/docs`, { method: "POST" });

  expect(head.headers.get("content-length")).toBe(String(Buffer.byteLength(page)));
  expect([head.status, post.status]).toEqual([200, 405]);
});

test("without a build, says how to make one", async () => {
  const app = express();
  mountDocs(app, { build: "sluice 0", builtFolder: "/nowhere" });
  const showError: ErrorRequestHandler = (error, _req, res, _next) => void res.send(error.message);
  app.use(showError);
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");

  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/docs`);

  expect(await answer.text()).toBe("the page is not built; run `npm run build`");
  server.close();
});
