// The frame in which the user's tools run: it computes, and reaches nothing.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { GREETING } from "../../../src/web/frames/frame-server.ts";
import { fakeChat, HAS_BROWSER } from "../fake-chat.ts";

/** Runs the code in the frame, without the rest of the page. */
function run(page: Page, code: string): Promise<unknown> {
  return page.evaluate(
    ([body, greeting = ""]) =>
      new Promise((resolve) => {
        const frame = document.createElement("iframe");
        frame.sandbox.add("allow-scripts");
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }) => resolve(data.answer ?? `error: ${data.message}`);
        frame.onload = () => {
          frame.contentWindow?.postMessage(greeting, "*", [port2]);
          port1.postMessage({ type: "ask", id: 1, question: { code: body, args: { n: 20 } } });
        };
        frame.src = "../frames/tool.html";
        document.body.append(frame);
      }),
    [code, GREETING] as const,
  );
}

describe.skipIf(!HAS_BROWSER)("a tool", () => {
  const chat = fakeChat();

  test("gets its arguments and returns text or JSON, or an error", async () => {
    const { page } = await chat.open();

    expect(await run(page, "return args.n + 1")).toBe("21");
    expect(await run(page, "return await args.n + '!'")).toBe("20!");
    expect(await run(page, "return { n: args.n }")).toBe('{"n":20}');
    expect(await run(page, "")).toBe("null");
    expect(await run(page, "throw new TypeError('no')")).toBe("error: no");
    expect(await run(page, "return (")).toMatch(/^error: .*SyntaxError/);
  });

  test("reaches no network, no page and no storage", async () => {
    const asked: string[] = [];
    const anywhere = createServer((req, res) => {
      asked.push(String(req.url));
      res.setHeader("access-control-allow-origin", "*").end("1");
    }).listen(0, "127.0.0.1");
    await once(anywhere, "listening");
    const { port } = anywhere.address() as AddressInfo;
    const { page } = await chat.open();
    await page.evaluate(() => localStorage.setItem("secret", "x"));
    const address = JSON.stringify(`http://127.0.0.1:${port}/`);
    const attempts = {
      fetch: `await fetch(${address})`,
      xhr: `await new Promise((done, fail) => { const xhr = new XMLHttpRequest(); xhr.onload = done; xhr.onerror = fail; xhr.open("GET", ${address}); xhr.send(); })`,
      socket: `await new Promise((done, fail) => { const socket = new WebSocket(${address}.replace("http", "ws")); socket.onopen = done; socket.onerror = fail; })`,
      events: `await new Promise((done, fail) => { const source = new EventSource(${address}); source.onopen = done; source.onerror = fail; })`,
      script: `importScripts(${address})`,
      module: `await import(${address})`,
      data: `importScripts("data:text/javascript,1")`,
      eval: `eval("1")`,
      nested: `await new Promise((done, fail) => { const worker = new Worker(URL.createObjectURL(new Blob(["fetch(" + ${JSON.stringify(address)} + ").then(() => postMessage(1), () => { throw 1 })"]))); worker.onmessage = done; worker.onerror = fail; })`,
      database: `await new Promise((done, fail) => { const opening = indexedDB.open("sluice"); opening.onsuccess = done; opening.onerror = fail; })`,
      caches: "await caches.keys()",
      storage: "localStorage.secret",
      document: "document.title",
      parent: "parent.document",
    };
    const results = await Promise.all(
      Object.values(attempts).map((code) =>
        run(
          page,
          `const attempt = async () => { ${code}; return "reached"; };
          const late = new Promise((_, fail) => setTimeout(fail, 3000, new Error("nothing happens")));
          return Promise.race([attempt(), late]);`,
        ),
      ),
    );
    const reached = Object.keys(attempts).filter(
      (_, index) => !String(results[index]).startsWith("error: "),
    );
    expect(reached).toEqual([]);
    expect(asked).toEqual([]);
    anywhere.close();
  });
});
