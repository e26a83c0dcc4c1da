// Several addresses: TCP over IPv4 and IPv6, Unix sockets, and sockets that the process has inherited.

import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer as createHttpServer, request } from "node:http";
import { request as requestTls } from "node:https";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import express from "express";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { listen } from "../../../src/http/server/listen.ts";
import type { ServiceSettings } from "../../../src/service.ts";
import { makeCertificate } from "../../support/clients/certificate.ts";
import { type RunningService, startWithFake, until } from "../../support/start-service.ts";

const folder = mkdtempSync(path.join(tmpdir(), "sluice-listen-"));
afterAll(() => rmSync(folder, { recursive: true }));

const newPath = () => path.join(mkdtempSync(path.join(folder, "at-")), "a.sock");

const closings: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
});

async function start(settings: ServiceSettings): Promise<RunningService> {
  const running = await startWithFake({}, settings);
  closings.push(running.close);
  return running;
}

type Ask = {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
};

/** The status of one request over a Unix socket. */
async function statusAt(socketPath: string, { path = "/health", ...ask }: Ask = {}) {
  const req = request({ socketPath, path, agent: false, ...ask });
  req.end();
  const [res] = await once(req, "response");
  await text(res);
  return res.statusCode as number;
}

function open(target: { readonly path: string } | { readonly port: number }): Socket {
  const socket = connect({ host: "127.0.0.1", ...target });
  socket.on("error", () => {}); // a disconnect may be a reset
  closings.push(() => socket.destroy());
  return socket;
}

test("listens on every address, with one app and one list of URLs", async () => {
  const file = newPath();
  const { urls } = await start({ listen: ["0", "[::1]:0", `unix:${file}`] });

  expect(urls).toEqual([
    expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    expect.stringMatching(/^http:\/\/\[::1\]:\d+$/),
    `unix:${file}`,
  ]);
  for (const url of urls.slice(0, 2)) expect((await fetch(`${url}/health`)).status).toBe(200);
  expect(await statusAt(file)).toBe(200);
});

test("if one address cannot be used, it listens on none of them", async () => {
  const { url } = await start({});
  const file = newPath();
  const listen = [`unix:${file}`, new URL(url).host];

  await expect(start({ listen })).rejects.toMatchObject({ code: "EADDRINUSE" });
  expect(existsSync(file)).toBe(false);
});

test("the limit of connections holds for all addresses together, and is free again when they close", async () => {
  const path_ = newPath();
  const { urls, logLines } = await start({ maxConnections: 2, listen: ["0", `unix:${path_}`] });
  const port = Number(new URL(urls[0] ?? "").port);
  const kept = [open({ path: path_ }), open({ port })];
  await Promise.all(kept.map((socket) => once(socket, "connect")));

  const refused = [open({ path: path_ }), open({ port })];
  await Promise.all(refused.map((socket) => once(socket.resume(), "close")));
  for (const socket of kept) socket.destroy();

  expect(logLines.filter(({ level }) => level === 40)).toHaveLength(1);
  await until(
    () =>
      Promise.all([statusAt(path_), fetch(`${urls[0]}/health`)]).then(
        () => true,
        () => false,
      ),
    "there is room again",
  );
});

const certificate = makeCertificate(folder, "ours");

test.skipIf(!certificate)("over HTTPS a closed connection is free again too", async () => {
  const tls = { tlsCert: certificate?.cert ?? "", tlsKey: certificate?.key ?? "" };
  const { url } = await start({ maxConnections: 1, ...tls });
  const port = Number(new URL(url).port);
  const ca = readFileSync(certificate?.cert ?? "");
  const isServed = () =>
    new Promise<boolean>((resolve) => {
      const req = requestTls(`${url}/health`, { ca, agent: false }, (res) => {
        res.resume().once("end", () => resolve(res.statusCode === 200));
      });
      req.once("error", () => resolve(false)).end();
    });
  for (let round = 0; round < 3; round++) {
    const kept = connectTls({ host: "127.0.0.1", port, ca });
    kept.on("error", () => {}); // it may be refused while the last one closes
    closings.push(() => kept.destroy());
    await until(() => kept.destroyed || kept.encrypted, "it is connected");
    kept.destroy();
    await until(isServed, "there is room again");
  }
});

describe("a Unix socket", () => {
  test("is for its owner and group, and is removed at the end", async () => {
    const file = newPath();
    const { close } = await start({ listen: [`unix:${file}`] });

    expect((statSync(file).mode & 0o777).toString(8)).toBe("660");
    await close();
    closings.pop();
    expect(existsSync(file)).toBe(false);
  });

  test("that an ended server has left is replaced", async () => {
    const file = newPath();
    const ended = createServer().listen(`${file}.elsewhere`);
    await once(ended, "listening");
    renameSync(`${file}.elsewhere`, file); // so that closing it does not remove the file
    await new Promise((resolve) => ended.close(resolve));
    expect(existsSync(file)).toBe(true);

    await start({ listen: [`unix:${file}`] });
    expect(await statusAt(file)).toBe(200);
  });

  test("of a running server is left alone", async () => {
    const file = newPath();
    await start({ listen: [`unix:${file}`] });

    await expect(start({ listen: [`unix:${file}`] })).rejects.toMatchObject({
      code: "EADDRINUSE",
      address: file,
    });
    expect(await statusAt(file)).toBe(200);
  });

  test("does not replace another file", async () => {
    const file = newPath();
    writeFileSync(file, "precious");

    await expect(start({ listen: [`unix:${file}`] })).rejects.toThrow(
      `unix:${file} is a file, but no socket; remove it first`,
    );
    expect(statSync(file).size).toBe(8);
  });

  test("carries WebSockets", async () => {
    const file = newPath();
    await start({ listen: [`unix:${file}`] });
    const client = new WebSocket(`ws+unix:${file}:/v1/ws`);
    closings.push(() => client.terminate());

    await once(client, "open");
    expect(client.readyState).toBe(WebSocket.OPEN);
  });

  test("refuses unknown host names as TCP does", async () => {
    const file = newPath();
    await start({ listen: [`unix:${file}`], allowedHost: ["sluice.example"] });

    expect(await statusAt(file, { headers: { host: "evil.example" } })).toBe(403);
    expect(await statusAt(file, { headers: { host: "sluice.example" } })).toBe(200);
  });
});

test.each([
  [["loopback"], "203.0.113.7"],
  [["127.0.0.0/8", "203.0.113.0/24"], "198.51.100.1"],
  [1, "203.0.113.7"],
  [["10.0.0.0/8"], "127.0.0.1"],
  [false, "127.0.0.1"],
])("a proxy on a Unix socket counts as 127.0.0.1: with %j the client is %s", async (trust, ip) => {
  const app = express();
  app.set("trust proxy", trust);
  app.get("/ip", (req, res) => void res.send(req.ip));
  const server = createHttpServer(app);
  const socketPath = newPath();
  await listen(server, { path: socketPath });
  closings.push(() => server.close());
  const headers = { "x-forwarded-for": "198.51.100.1, 203.0.113.7" };
  const req = request({ socketPath, path: "/ip", agent: false, headers });
  req.end();
  const [res] = await once(req, "response");

  expect(await text(res)).toBe(ip);
});
