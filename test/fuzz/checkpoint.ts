// Checks between rounds, when nothing is running: the server must be idle, give the same answer to a plain chat as fast as
// before, and use no more memory.

import { setTimeout as sleep } from "node:timers/promises";
import { growthOf } from "./memory.ts";
import { collectGarbage, type Memory, memoryOf, type Server, stateOf } from "./server.ts";

const IDLE_MS = 5_000;
const POLL_MS = 50;
const LIMIT_MS = 10_000;
const PROBES = 5;
/** Allowed slowdown: other programs use the machine too. */
const SLOWER = 8;
const SLOWER_MS = 250;
/** Time for a garbage collection. */
const COLLECTION_MS = 300;
/** Growth per round that is more than noise. */
const MOST_GROWTH_MB = { server: 1.5, worker: 1.5, embeddingWorkers: 1.5 } as const;
const QUESTION = { messages: [{ role: "user", content: "What is streaming?" }], max_tokens: 12 };

type Probe = { readonly text: string; readonly ms: number };

export class Checkpoints {
  readonly #server: Server;
  readonly #reference: Probe;
  readonly #restarts: number;
  readonly memory: Memory[] = [];
  readonly probeMs: number[] = [];
  #complaintsSeen = 0;

  static async begin(server: Server): Promise<Checkpoints> {
    await warmUp(server.url);
    const { restarts } = await stateOf(server);
    return new Checkpoints(server, await medianProbe(server.url), restarts);
  }

  private constructor(server: Server, reference: Probe, restarts: number) {
    this.#server = server;
    this.#reference = reference;
    this.#restarts = restarts;
  }

  /** Checks the server. @returns the faults */
  async look(): Promise<readonly string[]> {
    const faults = await this.#faultsOfState();
    const { text, ms } = await medianProbe(this.#server.url);
    this.probeMs.push(ms);
    if (text !== this.#reference.text) faults.push(`a plain chat got the answer "${text}"`);
    if (ms > this.#reference.ms * SLOWER + SLOWER_MS)
      faults.push(
        `a plain chat takes ${ms.toFixed(0)} ms instead of ${this.#reference.ms.toFixed(0)} ms`,
      );
    const { complaints, pid } = this.#server;
    faults.push(...complaints.slice(this.#complaintsSeen));
    this.#complaintsSeen = complaints.length;
    if (pid !== null) {
      collectGarbage(pid);
      await sleep(COLLECTION_MS);
      this.memory.push(memoryOf(pid));
    }
    return faults;
  }

  /** Growth in MB per round; null if there were too few. */
  growth(process: keyof Memory): number | null {
    return growthOf(this.memory.map((each) => each[process]));
  }

  faultsOfMemory(): readonly string[] {
    return (Object.keys(MOST_GROWTH_MB) as (keyof Memory)[]).flatMap((process) => {
      const growth = this.growth(process);
      if (growth === null || growth <= MOST_GROWTH_MB[process]) return [];
      return [`the memory of ${process} grows by ${growth.toFixed(2)} MB per round`];
    });
  }

  async #faultsOfState(): Promise<string[]> {
    const deadlineMs = performance.now() + IDLE_MS;
    for (;;) {
      const { busy, waiting, slotsTaken, restarts, uncaught } = await stateOf(this.#server);
      const faults = restarts === this.#restarts ? [] : [`worker_restarts is ${restarts}`];
      if (uncaught > 0) faults.push(`${uncaught} errors were not caught`);
      const isIdle = busy === 0 && waiting === 0 && slotsTaken === 0;
      if (isIdle) return faults;
      if (performance.now() > deadlineMs) {
        return [
          ...faults,
          `never idle: ${busy} busy, ${waiting} waiting, ${slotsTaken} slots taken`,
        ];
      }
      await sleep(POLL_MS);
    }
  }
}

/** Starts processes and fills caches, which the first request of each kind does. */
async function warmUp(url: string): Promise<void> {
  await probe(url);
  for (const [path, body] of [
    ["/v1/embeddings", { input: "a" }],
    ["/v1/rerank", { query: "a", documents: ["b"] }],
  ] as const)
    await (await post(url + path, body)).arrayBuffer();
}

/** Sends an ordinary chat. @throws Error if it is not served */
async function probe(url: string): Promise<Probe> {
  const startedAtMs = performance.now();
  const body = { ...QUESTION, temperature: 0, seed: 1, cache_prompt: false };
  const response = await post(`${url}/v1/chat/completions`, body);
  const answer = (await response.json()) as { choices?: { message: { content: string } }[] };
  const text = answer.choices?.[0]?.message.content;
  if (!text) throw new Error(`a plain chat got ${response.status}: ${JSON.stringify(answer)}`);
  return { text, ms: performance.now() - startedAtMs };
}

async function medianProbe(url: string): Promise<Probe> {
  const probes: Probe[] = [];
  for (let count = 0; count < PROBES; count++) probes.push(await probe(url));
  const odd = probes.find(({ text }) => text !== probes[0]?.text);
  const ms = probes.map((each) => each.ms).sort((a, b) => a - b)[Math.floor(PROBES / 2)] ?? 0;
  return { text: odd?.text ?? probes[0]?.text ?? "", ms };
}

function post(url: string, body: object): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(LIMIT_MS),
  });
}
