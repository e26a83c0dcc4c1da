// Checks after the traffic has ended that nothing is left on the server.

import { setTimeout as sleep } from "node:timers/promises";
import { metricsOf, type SoakServer } from "../server.ts";

const POLL_MS = 50;
/** How long leftovers may stay: a resumable stream waits for its client to reconnect. */
const MOST_MS = 15_000;

/** Waits until nothing is left. @returns the leftovers */
export async function waitForIdle(
  server: SoakServer,
  keys: readonly string[] = [],
): Promise<string[]> {
  const deadlineMs = performance.now() + MOST_MS;
  for (;;) {
    if (server.isGone()) return ["the server has ended"];
    const leftovers = await leftoversOf(server.url, keys);
    if (leftovers.length === 0 || performance.now() > deadlineMs) return leftovers;
    await sleep(POLL_MS);
  }
}

async function leftoversOf(url: string, keys: readonly string[]): Promise<string[]> {
  const headers = keys.map((key) => ({ authorization: `Bearer ${key}` }));
  const { busy, waiting } = await metricsOf(url, headers[0]);
  const leftovers: string[] = [];
  if (busy > 0) leftovers.push(`${busy} slots are busy`);
  if (waiting > 0) leftovers.push(`${waiting} requests wait`);
  for (const each of headers.length > 0 ? headers : [{}]) {
    const response = await fetch(`${url}/v1/requests`, { headers: each });
    const { data } = (await response.json()) as { data: readonly { id: string }[] };
    leftovers.push(...data.map(({ id }) => `${id} is still listed`));
  }
  return leftovers;
}
