// HTTPS: the service works over it, and unusable files are reported before the server listens.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect as connectTls } from "node:tls";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { ConfigError } from "../../../src/config/config-error.ts";
import { readTlsFiles } from "../../../src/config/tls-files.ts";
import { makeCertificate } from "../../support/clients/certificate.ts";
import { chat } from "../../support/clients/sse-client.ts";
import { startWithFake, until } from "../../support/start-service.ts";

const folder = mkdtempSync(path.join(tmpdir(), "sluice-tls-"));
afterAll(() => rmSync(folder, { recursive: true }));
const ours = makeCertificate(folder, "ours");
const other = makeCertificate(folder, "other");
const files = ours ?? { cert: "", key: "" };

let running: Awaited<ReturnType<typeof startWithFake>> | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

const start = async () => {
  running = await startWithFake(
    { tokens: Number.POSITIVE_INFINITY, tokenMs: 2 },
    { tlsCert: files.cert, tlsKey: files.key },
  );
  return running;
};

describe.skipIf(!ours || !other)("over HTTPS", () => {
  test("a stream arrives token by token, and a disconnect stops it", async () => {
    const { url, service } = await start();
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const agent = new Agent({ ca: readFileSync(files.cert) });
    const req = request(`${url}/v1/chat/completions`, {
      ...{ agent, method: "POST", headers: { "content-type": "application/json" } },
    });
    req.on("error", () => {}); // from its own disconnect
    req.end(JSON.stringify(chat({ stream: true, max_tokens: 4_000 })));
    let text = "";
    req.once("response", (res) => res.on("data", (bytes) => (text += bytes)));
    await until(() => text.split("data: ").length > 5, "tokens come");

    req.destroy();

    await until(() => service.queue.inside === 0, "it is stopped");
    agent.destroy();
  });

  test("a client that sends plain HTTP is disconnected, and the next one is served", async () => {
    const { url, service } = await start();
    await expect(fetch(url.replace("https", "http"))).rejects.toThrow();
    const socket = connectTls({
      host: "127.0.0.1",
      port: Number(new URL(url).port),
      ca: readFileSync(files.cert),
    });
    let text = "";
    socket.on("data", (bytes) => (text += bytes));
    socket.write("GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await until(() => text.includes('"ok"'), "it is served");

    expect(service.queue.inside).toBe(0);
    socket.destroy();
  });
});

describe.skipIf(!ours || !other)("the error names an unusable file and the reason:", () => {
  const text = path.join(folder, "text.pem");
  writeFileSync(text, "hello");
  test.each([
    ["a certificate alone", files.cert, undefined, /^--tls-cert also requires --tls-key/],
    ["a key alone", undefined, files.key, /^--tls-key also requires --tls-cert/],
    [
      "no such certificate",
      "/nowhere/a.pem",
      files.key,
      /^--tls-cert: cannot read \/nowhere\/a\.pem: ENOENT$/,
    ],
    ["a folder as key", files.cert, folder, /^--tls-key: cannot read .*: EISDIR$/],
    [
      "a file that is no certificate",
      text,
      files.key,
      /^--tls-cert: .*text\.pem is not a certificate/,
    ],
    ["a key that is none", files.cert, text, /^--tls-key: .*text\.pem is not a private key/],
    [
      "the key of another certificate",
      files.cert,
      other?.key,
      /^--tls-key: .*other-key\.pem is not the key of .*ours\.pem$/,
    ],
  ])("%s", (_what, tlsCert, tlsKey, expected) => {
    let thrown: unknown;
    try {
      readTlsFiles({ tlsCert, tlsKey });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ConfigError);
    expect((thrown as Error).message).toMatch(expected);
  });
});

test("without files the server uses HTTP", () => {
  expect(readTlsFiles({ tlsCert: undefined, tlsKey: undefined })).toBe(null);
});
