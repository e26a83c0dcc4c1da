// A request of a WebSocket on an app without a network: its messages, and what is left of it when it is cancelled.

import { readdirSync, readlinkSync } from "node:fs";
import express, { type Express } from "express";
import { expect, test } from "vitest";
import { SocketExchange } from "../../../../src/http/websocket/socket-exchange.ts";

const FILE = import.meta.filename;

function appWith(mount: (app: Express) => void): Express {
  const app = express();
  mount(app);
  return app;
}

function open(app: Express, path: string) {
  const sent: string[] = [];
  const exchange = new SocketExchange(
    app,
    { method: "GET", path, headers: { host: "localhost" }, body: null },
    {
      name: "a",
      remoteAddress: "127.0.0.1",
      send: (text) => {
        sent.push(text);
        return null;
      },
    },
  );
  return { exchange, sent };
}

test("a body is one message, and then the exchange is done", async () => {
  const app = appWith((it) =>
    it.get("/json", (_req, res) => void res.status(201).json({ a: "ä" })),
  );
  const { exchange, sent } = open(app, "/json");

  expect(await exchange.ended).toBe("done");
  expect(sent.map((text) => JSON.parse(text))).toEqual([
    { type: "response", id: "a", status: 201, body: { a: "ä" } },
  ]);
});

test.skipIf(process.platform !== "linux")(
  "a file that is cancelled, early or late, does not stay open",
  async () => {
    const app = appWith((it) => it.get("/file", (_req, res) => res.sendFile(FILE)));
    const isOpen = () => openFiles().includes(FILE);
    for (const waitMs of [0, 0, 1, 2]) {
      const { exchange } = open(app, "/file");
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      exchange.abort();
      await exchange.ended;
    }

    while (isOpen()) await new Promise((resolve) => setTimeout(resolve, 5)); // else the test's own limit fails it
  },
);

test("an error after the headers breaks the exchange off", async () => {
  const app = appWith((it) =>
    it.get("/late", (_req, res) => {
      res.writeHead(200);
      throw new Error("after the headers");
    }),
  );
  app.use(((error, _req, _res, next) => next(error)) as express.ErrorRequestHandler);

  expect(await open(app, "/late").exchange.ended).toBe("broken");
});

function openFiles(): readonly string[] {
  return readdirSync("/proc/self/fd").flatMap((name) => {
    try {
      return [readlinkSync(`/proc/self/fd/${name}`)];
    } catch {
      return []; // it was closed meanwhile
    }
  });
}
