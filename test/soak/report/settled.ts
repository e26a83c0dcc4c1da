// When nobody asks any more: what should be empty, and is not.

import { setTimeout as sleep } from "node:timers/promises";
import { metricsOf, type SoakServer } from "../server.ts";

const POLL_MS = 50;
/** What a client has left behind may stay for so long: a stream that waits for it to come back. */
const MOST_MS = 15_000;

/** Waits until it is empty. @returns what is left */
export async function settled(server: SoakServer, keys: readonly string[] = []): Promise<string[]> {
  const deadlineMs = performance.now() + MOST_MS;
  for (;;) {
    if (server.isGone()) return ["the server has ended"];
    const left = await leftIn(server.url, keys);
    if (left.length === 0 || performance.now() > deadlineMs) return left;
    await sleep(POLL_MS);
  }
}

async function leftIn(url: string, keys: readonly string[]): Promise<string[]> {
  const headers = keys.map((key) => ({ authorization: `Bearer ${key}` }));
  const { busy, waiting } = await metricsOf(url, headers[0]);
  const left: string[] = [];
  if (busy > 0) left.push(`${busy} slots are busy`);
  if (waiting > 0) left.push(`${waiting} requests wait`);
  for (const each of headers.length > 0 ? headers : [{}]) {
    const response = await fetch(`${url}/v1/requests`, { headers: each });
    const { data } = (await response.json()) as { data: readonly { id: string }[] };
    left.push(...data.map(({ id }) => `${id} is listed`));
  }
  return left;
}
