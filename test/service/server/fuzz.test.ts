// The fuzzer against a server with a fault: it must find the fault and report how to reproduce it.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { jobsOf } from "../../fuzz/jobs.ts";
import { KeptConnection } from "../../fuzz/streams/connection.ts";

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Answers every body correctly, except those for which the predicate is true. */
async function startFaulty(isFatal: (body: string) => boolean): Promise<string> {
  server = createServer(async (req, res) => {
    let body = "";
    for await (const bytes of req) body += bytes;
    res.setHeader("x-request-id", "id").setHeader("content-type", "application/json");
    res.writeHead(isFatal(body) ? 500 : 200).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function findingsOf(url: string) {
  const round = { url, seed: 1, only: "tokenize", bodies: 60, hasNamed: false, onAnswer: () => {} };
  const connection = new KeptConnection(url);
  const findings = [];
  for (const job of jobsOf(round)) findings.push(await job.run(connection));
  const found = findings.filter((finding) => finding !== null);
  const reproduction = await found[0]?.reproduce();
  connection.close();
  return { found, reproduction };
}

test("finds the fault, and the smallest body that shows it", async () => {
  const url = await startFaulty((body) => !body.includes('"content"'));

  const { found, reproduction } = await findingsOf(url);

  expect(found.length).toBeGreaterThan(3);
  expect(found[0]).toMatchObject({ where: "POST /tokenize", faults: ["no error envelope"] });
  expect(reproduction).toMatch(/^curl .*\/tokenize'/);
  expect(reproduction?.length).toBeLessThan(300);
});

test("finds nothing in a correct server", async () => {
  const url = await startFaulty(() => false);

  const { found } = await findingsOf(url);

  expect(found).toEqual([]);
});
