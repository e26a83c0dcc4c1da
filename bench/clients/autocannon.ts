// Runs autocannon with the one-token body of bench/bodies/, which can also be used by hand.

import type { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import autocannon from "autocannon";
import type { Figures, Target } from "../../src/bench/case.ts";
import { percentile } from "../../src/bench/stats.ts";

const BODY = path.join(import.meta.dirname, "../bodies/one-token.json");
const CONNECTIONS = 8;
const SECONDS = 5;
const ANSWER_SECONDS = 30;

export const AUTOCANNON_SETTINGS = `autocannon, ${CONNECTIONS} connections, ${SECONDS} s`;

/** Sends requests one after another on the same connections. */
export async function measureKeptAlive(target: Target): Promise<Figures> {
  const { requests, latency, non2xx, errors } = await fire(target);
  return {
    "answers/s": requests.average,
    "latency p50 ms": latency.p50,
    "latency p99 ms": latency.p99,
    "not 2xx": non2xx + errors,
  };
}

/**
 * Opens a new connection for every request. autocannon does not count the last answer of a connection, so answers are counted
 * here.
 */
export async function measureNewConnections(target: Target): Promise<Figures> {
  const latencies: number[] = [];
  let bad = 0;
  const watch = (client: EventEmitter) => {
    let startedMs = performance.now();
    client.on("request", () => {
      startedMs = performance.now();
    });
    client.on("headers", ({ statusCode }: { statusCode: number }) => {
      latencies.push(performance.now() - startedMs);
      if (statusCode !== 200) bad += 1;
    });
  };
  const setupClient = (client: unknown) => watch(client as EventEmitter); // its types declare neither event
  const { duration, errors } = await fire(target, { reconnectRate: 1, setupClient });
  return {
    "answers/s": latencies.length / duration,
    "latency p50 ms": percentile(latencies, 0.5),
    "latency p99 ms": percentile(latencies, 0.99),
    "not 2xx": bad + errors,
  };
}

function fire(
  { url, model }: Target,
  settings: Pick<autocannon.Options, "reconnectRate" | "setupClient"> = {},
): Promise<autocannon.Result> {
  const body = { model, ...JSON.parse(readFileSync(BODY, "utf8")) };
  return autocannon({
    ...settings,
    url: `${url}/v1/chat/completions`,
    connections: CONNECTIONS,
    duration: SECONDS,
    timeout: ANSWER_SECONDS,
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer none" },
    body: JSON.stringify(body),
  });
}
