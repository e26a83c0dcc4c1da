// How fast a stop frees the slot: `tsx bench/cluster/stops.ts URL [URL...]`, for servers with one slot each. One client reads a long
// answer, another one waits. The first client disconnects: how long does it take until the second has its first token?

import { type ClientRequest, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { percentile } from "../../src/bench/stats.ts";

const ROUNDS = 40;
const urls = process.argv.slice(2);
const measured = new Map<string, number[]>(urls.map((url) => [url, []]));
for (let round = 0; round < ROUNDS; round++)
  for (const url of round % 2 === 0 ? urls : urls.toReversed())
    measured.get(url)?.push(await stopMs(url));
for (const [url, values] of measured) {
  const at = (share: number) => percentile(values, share).toFixed(1);
  console.log(`${url}: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms of ${values.length} stops`);
}

async function stopMs(url: string): Promise<number> {
  const first = stream(url, 2_000);
  await first.delta();
  const second = stream(url, 1);
  await sleep(150); // it waits in the queue now
  await first.delta();
  const leftMs = performance.now();
  first.leave();
  await second.delta();
  const ms = performance.now() - leftMs;
  await second.ended;
  return ms;
}

type Stream = {
  /** Waits for the next delta. */
  readonly delta: () => Promise<void>;
  readonly leave: () => void;
  readonly ended: Promise<void>;
};

/** @param maxTokens of the answer, which cannot end earlier */
function stream(url: string, maxTokens: number): Stream {
  let wake = () => {};
  let sent: ClientRequest | null = null;
  const ended = new Promise<void>((resolve) => {
    sent = request(`${url}/v1/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
    });
    sent.on("response", (response) => {
      response.setEncoding("utf8");
      response.on("data", (text: string) => {
        if (text.includes('"text":"')) wake();
      });
      response.on("end", () => resolve());
      response.on("error", () => resolve());
    });
    sent.on("error", () => resolve());
    const prompt = `${Math.random()} Once upon a time`;
    const settings = { max_tokens: maxTokens, ignore_eos: true, temperature: 0 };
    sent.end(JSON.stringify({ prompt, ...settings, stream: true }));
  });
  return {
    delta: () =>
      new Promise((resolve) => {
        wake = resolve;
      }),
    leave: () => sent?.destroy(),
    ended,
  };
}
