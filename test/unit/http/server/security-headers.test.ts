// The security headers of a page.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { afterEach, expect, test } from "vitest";
import { pageHeaders } from "../../../../src/http/server/security-headers.ts";

let close: () => void;
afterEach(() => close());

async function headersOf(handler: express.RequestHandler): Promise<Headers> {
  const app = express().get("/docs", handler, (_req, res) => void res.send("<p>Hi</p>"));
  const server = createServer(app).listen(0, "127.0.0.1");
  close = () => server.close();
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  return (await fetch(`http://127.0.0.1:${port}/docs`)).headers;
}

test("a page loads scripts and styles from this server only, nothing inline, and cannot be framed", async () => {
  const headers = await headersOf(pageHeaders());

  expect(headers.get("content-security-policy")).toBe(
    "default-src 'none';script-src 'self';style-src 'self';img-src 'self' data:;font-src 'self';connect-src 'self';manifest-src 'self';worker-src 'self';frame-src 'self';base-uri 'none';form-action 'none';frame-ancestors 'none'",
  );
  expect(Object.fromEntries(headers)).toMatchObject({
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
  });
  expect(headers.get("strict-transport-security")).toBe(null);
});

test("a page with an inline script allows it by its hash", async () => {
  const headers = await headersOf(pageHeaders({ scriptSrc: ["'sha256-abc='"] }));

  expect(headers.get("content-security-policy")).toContain("script-src 'sha256-abc=';");
});
