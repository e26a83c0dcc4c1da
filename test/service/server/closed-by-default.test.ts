// Requests to unknown host names (DNS rebinding) and from pages of other origins are refused.

import { request } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import type { Config } from "../../../src/config/config.ts";
import { chat } from "../../support/clients/sse-client.ts";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

let running: RunningService;
afterEach(async () => running.close());

const start = async (settings: Partial<Config> = {}) => {
  running = await startWithFake({}, settings);
};

type Sent = {
  readonly method?: string;
  readonly path?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: object;
};

/** Not `fetch`: that sets Host and Origin itself. */
async function send({ method = "POST", path = "/v1/chat/completions", headers, body }: Sent) {
  const { hostname, port } = new URL(running.url);
  const json = body ?? (method === "POST" ? chat() : undefined);
  const res = await new Promise<import("node:http").IncomingMessage>((resolve, reject) => {
    const type = json ? { "content-type": "application/json" } : {};
    const req = request({ hostname, port, method, path, headers: { ...type, ...headers } });
    req.once("response", resolve).once("error", reject);
    req.end(json && JSON.stringify(json));
  });
  let text = "";
  for await (const bytes of res) text += String(bytes);
  const parsed = text === "" ? null : JSON.parse(text);
  return { status: res.statusCode, headers: res.headers, body: parsed };
}

const OTHER = "https://app.example";
const PREFLIGHT = {
  origin: OTHER,
  "access-control-request-method": "POST",
  "access-control-request-headers":
    "authorization,content-type,x-stainless-os,anthropic-version,x-resumable,x-strange",
};

describe("an unknown host name", () => {
  test("is refused in the envelope of its path, and answer and log name the flag", async () => {
    await start();
    const { status, body } = await send({
      path: "/v1/messages",
      headers: { host: "evil.example:80" },
    });

    expect([status, body.type, body.error.type, body.error.code]).toEqual([
      403,
      "error",
      "permission_error",
      "host_not_allowed",
    ]);
    expect(body.error.message).toContain("--allowed-host");
    expect(running.logLines.at(-1)).toMatchObject({
      outcome: "host_not_allowed",
      reason: expect.stringContaining("--allowed-host"),
    });
  });

  test.each(["/health", "/ready", "/metrics", "/", "/v1/models", "/nothing"])(
    "is refused at %s",
    async (path) => {
      await start({ apiKey: ["secret"] });
      const { status } = await send({ method: "GET", path, headers: { host: "evil.example" } });

      expect(status).toBe(403);
    },
  );

  test("is accepted when it is allowed, and so is that of --host", async () => {
    await start({ allowedHost: ["sluice.example"], host: "localhost" });
    const answers = await Promise.all(
      ["sluice.example:8080", "localhost"].map((host) => send({ headers: { host } })),
    );

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });
});

describe("a page of another origin", () => {
  test.each(["POST", "DELETE", "GET", "OPTIONS"])(
    "has its %s refused, and nothing is generated",
    async (method) => {
      const { engine } = await startedFake();
      const { status, headers, body } = await send({ method, headers: { ...PREFLIGHT } });

      expect([status, body.error.code]).toEqual([403, "origin_not_allowed"]);
      expect(body.error.message).toContain(`--cors-origin ${OTHER}`);
      expect(headers["access-control-allow-origin"]).toBe(undefined);
      expect(engine.requests).toEqual([]);
      expect(running.logLines.at(-1)).toMatchObject({
        reason: expect.stringContaining("--cors-origin"),
      });
    },
  );

  test("gets the allowed headers in a preflight, without a key", async () => {
    await start({ corsOrigin: [OTHER], apiKey: ["secret"] });
    const { status, headers } = await send({ method: "OPTIONS", headers: PREFLIGHT });

    expect(status).toBe(204);
    expect(headers).toMatchObject({
      "access-control-allow-origin": OTHER,
      "access-control-allow-methods": "GET,HEAD,POST,DELETE",
      "access-control-allow-headers":
        "authorization,content-type,x-stainless-os,anthropic-version,x-resumable",
      "access-control-max-age": "7200",
    });
    expect(headers["access-control-allow-credentials"]).toBe(undefined);
    expect(headers.vary).toMatch(/origin/i);
  });

  test("can read answers, errors and our headers if it is allowed", async () => {
    await start({ corsOrigin: ["https://b.example", OTHER], apiKey: ["secret"] });
    const good = await send({ headers: { origin: OTHER, authorization: "Bearer secret" } });
    const bad = await send({ headers: { origin: OTHER } });

    expect([good.status, bad.status]).toEqual([200, 401]);
    for (const { headers } of [good, bad]) {
      expect(headers["access-control-allow-origin"]).toBe(OTHER);
      for (const name of [
        "location",
        "x-request-id",
        "retry-after",
        "x-ratelimit-remaining-tokens",
      ])
        expect(headers["access-control-expose-headers"]).toContain(name);
    }
    expect((await send({ headers: { origin: "https://evil.example" } })).status).toBe(403);
    expect((await send({ headers: { origin: `${OTHER}.evil.example` } })).status).toBe(403);
    expect((await send({ headers: { origin: "null" } })).status).toBe(403);
  });

  test("can read streams and reconnect to them if it is allowed", async () => {
    await start({ corsOrigin: [OTHER] });
    const headers = { origin: OTHER, "content-type": "application/json", "x-resumable": "true" };
    const body = JSON.stringify(chat({ stream: true }));
    const url = `${running.url}/v1/chat/completions`;
    const first = await fetch(url, { method: "POST", headers, body });
    await first.text();
    const again = await fetch(`${running.url}${first.headers.get("location")}`, { headers });

    expect(await again.text()).toContain("[DONE]");
    for (const response of [first, again])
      expect(response.headers.get("access-control-allow-origin")).toBe(OTHER);
  });

  test("is allowed by *", async () => {
    await start({ corsOrigin: ["*"] });
    const answers = await Promise.all(
      ["https://x.example", "null"].map((origin) => send({ headers: { origin } })),
    );

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers[0]?.headers["access-control-allow-origin"]).toBe("*");
  });
});

describe("a page of this server's own", () => {
  test.each([
    ["http://127.0.0.1:8080", "127.0.0.1:8080", 200],
    ["http://localhost", "localhost:80", 200],
    ["https://localhost", "localhost:443", 200],
    ["http://localhost:3000", "localhost:8080", 403],
    ["http://127.0.0.1:8080", "localhost:8080", 403],
  ])("at %s, requesting %s, gets %i", async (origin, host, expected) => {
    await start();
    expect((await send({ headers: { origin, host } })).status).toBe(expected);
  });

  test("is recognized behind a proxy only if the proxy is trusted", async () => {
    const headers = { origin: "https://sluice.example", "x-forwarded-host": "sluice.example" };
    await start();
    const distrusted = await send({ headers });
    await running.close();
    await start({ trustProxy: ["loopback"] });

    expect([distrusted.status, (await send({ headers })).status]).toEqual([403, 200]);
  });
});

test("every answer forbids content sniffing", async () => {
  await start();
  const paths = ["/health", "/", "/metrics", "/nothing", "/v1/models"];
  for (const path of paths) {
    const { headers } = await fetch(`${running.url}${path}`);
    expect([path, headers.get("x-content-type-options")]).toEqual([path, "nosniff"]);
  }
});

async function startedFake() {
  const started = await startWithFake();
  running = started;
  return started;
}
