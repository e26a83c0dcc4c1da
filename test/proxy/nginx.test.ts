// Sluice behind the real nginx with deploy/nginx.conf: answers arrive token by token, and a disconnect stops them. The delay of
// the first token is measured in nightly/nginx-delay.test.ts.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { rawPost, WAYS_TO_LEAVE } from "../support/clients/raw-client.ts";
import { chat, post, postSse, readAll } from "../support/clients/sse-client.ts";
import type { FakeEngineOptions } from "../support/engines/fake-engine.ts";
import { findProgram } from "../support/programs/debian-program.ts";
import { metric, startWithFake, startWithModel, until } from "../support/start-service.ts";
import { type RunningNginx, runNginx } from "./run-nginx.ts";

const folder = mkdtempSync(path.join(tmpdir(), "sluice-nginx-"));
const program = findProgram({ name: "nginx", file: "usr/sbin/nginx", versionFlag: "-v", folder });
const CHAT = "/v1/chat/completions";

const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function behind<T extends { readonly url: string; readonly close: () => Promise<void> }>(
  service: T,
): Promise<T & { readonly nginx: RunningNginx }> {
  closings.push(service.close);
  const nginx = await runNginx({ program: program ?? "", folder, target: service.url });
  closings.push(nginx.close);
  return { ...service, nginx };
}

const fake = async (engine: FakeEngineOptions = {}, settings = {}) =>
  behind(await startWithFake(engine, { allowedHost: ["sluice.example"], ...settings }));

async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as { error: { code: string } }).error.code;
}

/** Resolves when it has been read completely. */
async function statusOf(answer: Promise<Response>): Promise<number> {
  const response = await answer;
  await response.text();
  return response.status;
}

describe.skipIf(program === null)("behind nginx", () => {
  test("tokens are passed on as they are generated, not when the answer is complete", async () => {
    const { nginx } = await fake({ texts: ["word "], tokens: 10, tokenMs: 100 });
    const { response } = await postSse(
      `${nginx.url}${CHAT}`,
      chat({ stream: true, max_tokens: 10 }),
    );
    const pieces: string[] = [];
    for await (const bytes of response.body ?? []) pieces.push(Buffer.from(bytes).toString());

    expect(pieces.filter((piece) => piece.includes('"content":"word')).length).toBeGreaterThan(2);
  });

  test.each(Object.entries(WAYS_TO_LEAVE))(
    "a client that disconnects by %s stops the worker",
    async (_way, leave) => {
      const { nginx, service, url } = await behind(await startWithModel({ threads: 1, slots: 1 }));
      for (const stream of [true, false]) {
        const body = chat({ stream, max_tokens: 4_000, ignore_eos: true });
        const client = await rawPost(`${nginx.url}${CHAT}`, body);
        await until(() => service.queue.busy === 1, "it has a slot");
        if (stream) await client.sees('"content":"');
        leave(client.socket);
        await until(() => service.queue.inside === 0, "it is gone");
      }
      const wasted = await metric(url, "sluice_tokens_after_leaving_total");
      expect(wasted).toBeLessThan(2_000); // of 8,000
    },
  );

  test("a client can reconnect to a resumable stream, and continues where it stopped", async () => {
    const { nginx } = await fake({ texts: ["word "], tokens: 40, tokenMs: 5 });
    const first = await postSse(`${nginx.url}${CHAT}`, chat({ stream: true, max_tokens: 40 }), {
      "x-resumable": "true",
    });
    const location = first.response.headers.get("location") ?? "";
    const ids: (string | undefined)[] = [];
    for await (const event of first.events) {
      if (event.type === "frame") ids.push(event.message.id);
      if (ids.length === 5) break;
    }
    first.leave();
    const response = await fetch(`${nginx.url}${location}`, {
      headers: { "last-event-id": String(ids.at(-1)) },
    });
    const text = await response.text();
    const rest = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));

    expect(rest).toEqual(rest.map((_, index) => 5 + index));
    expect(text).toContain("[DONE]");
    await until(() => nginx.log().includes("/v1/streams/"), "it is logged");
    expect(nginx.log()).not.toContain("token=");
  });

  test("a silent stream is kept alive by its heartbeats", async () => {
    const { nginx } = await fake({ prefillMs: 600 }, { heartbeatMs: 100 });
    const { comments, text } = await readAll(
      await postSse(`${nginx.url}${CHAT}`, chat({ stream: true })),
    );

    expect(comments.filter((each) => each === "heartbeat").length).toBeGreaterThan(2);
    expect(text).toBe("Hello world");
  });

  test("errors, status codes and our headers are passed on", async () => {
    const { nginx, url } = await fake({}, { apiKey: ["secret"] });
    for (const [path_, init] of [
      ["/ready", {}],
      ["/health", {}],
      [CHAT, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" }],
      ["/v1/messages", { method: "POST", headers: { "content-type": "text/plain" }, body: "x" }],
      ["/v1/nothing", { headers: { authorization: "Bearer secret" } }],
    ] as const) {
      const [direct, through] = await Promise.all([
        fetch(`${url}${path_}`, init),
        fetch(`${nginx.url}${path_}`, init),
      ]);
      const withoutId = (text: string) => text.replace(/"request_id":"[^"]*"/, "");
      expect([path_, through.status, withoutId(await through.text())]).toEqual([
        path_,
        direct.status,
        withoutId(await direct.text()),
      ]);
      expect(through.headers.get("x-request-id")).toMatch(/./);
    }
  });

  test("nginx's own refusals have the same envelope", async () => {
    const { nginx, close } = await fake({}, { drainTimeoutMs: 10 });
    const large = await post(`${nginx.url}${CHAT}`, " ".repeat(4_194_305));
    expect([large.status, await codeOf(large)]).toEqual([413, "body_too_large"]);
    await close();
    closings.shift();

    const away = await post(`${nginx.url}${CHAT}`, chat());
    expect([away.status, away.headers.get("retry-after"), await codeOf(away)]).toEqual([
      503,
      "5",
      "engine_unavailable",
    ]);
  });

  test("the number of connections of one address is limited, with the same envelope, and closed ones are free again", async () => {
    const { nginx } = await fake(
      { tokens: Number.POSITIVE_INFINITY, tokenMs: 5 },
      { slots: 70, queue: 100 },
    );
    const body = chat({ stream: true, max_tokens: 4000 });
    const streams = await Promise.all(
      Array.from({ length: 70 }, () => postSse(`${nginx.url}${CHAT}`, body)),
    );
    const refused = streams.filter(({ response }) => response.status === 429);

    expect(refused.length).toBe(6); // of 64
    const [first] = refused.map(({ response }) => response);
    expect(first?.headers.get("retry-after")).toBe("1");
    expect(first && (await codeOf(first))).toBe("rate_limit_exceeded");

    for (const { leave } of streams) leave();
    await until(
      async () => (await fetch(`${nginx.url}/health`)).status === 200,
      "the connections are free again",
    );
  });

  test("a flood of requests is refused with the same envelope", async () => {
    const { nginx } = await fake();
    const statuses = new Set<number>();
    // The burst of 200 is used up when requests arrive faster than the rate refills it.
    for (let round = 0; round < 100 && !statuses.has(429); round++) {
      const answers = Array.from({ length: 40 }, () => statusOf(fetch(`${nginx.url}/health`)));
      for (const status of await Promise.all(answers)) statuses.add(status);
    }

    expect([...statuses].sort()).toEqual([200, 429]);
  });

  test("over a Unix socket, streams arrive and the client's address is known", async () => {
    const listen = [`unix:${path.join(folder, "sluice.sock")}`];
    const settings = { listen, trustProxy: ["loopback"] };
    const { nginx, logLines } = await fake({ texts: ["word "], tokens: 3 }, settings);
    const headers = { "x-forwarded-for": "203.0.113.7" }; // nginx adds the address of this test, a loopback one
    const { text } = await readAll(
      await postSse(`${nginx.url}${CHAT}`, chat({ stream: true, max_tokens: 3 }), headers),
    );

    expect(text).toBe("word word word ");
    await until(() => logLines.some(({ msg }) => msg === "request"), "it is logged");
    expect(logLines.find(({ msg }) => msg === "request")?.client).toBe("203.0.113.7");
  });

  test("after every kind of answer its connection serves the next one", async () => {
    const { nginx } = await fake();
    for (let round = 0; round < 30; round++) {
      const answers = [
        post(`${nginx.url}${CHAT}`, chat()),
        post(`${nginx.url}${CHAT}`, "{"),
        postSse(`${nginx.url}${CHAT}`, chat({ stream: true })).then(({ response }) => response),
      ];
      const statuses = await Promise.all(answers.map(statusOf));
      expect(statuses).toEqual([200, 400, 200]);
    }
  });
});
