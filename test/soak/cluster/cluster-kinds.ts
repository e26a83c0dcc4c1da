// Requests to a cluster whose answers are known, and what may become of them when something fails.

import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, exchange, type Frame } from "../kinds/exchange.ts";
import { CHAT, exact, free, hasText, hasTokens, type Kind } from "../kinds/resilient-kinds.ts";
import { FINISHED, type SoakClient, type Verdict } from "../kinds/soak-client.ts";
import { type AnswerSummary, summarizeAnswer } from "../report/answer-summary.ts";
import type { FaultScope } from "./cluster-faults.ts";
import { NO_GATEWAY } from "./front.ts";

/** What may be happening: null before the fault of a round. */
export type Weather = { readonly scope: FaultScope | null };

/** Outcome of an answer whose connection broke, because its gateway was killed. */
export const BROKEN = "broken";

/** Errors that say that a part of the cluster is away. */
const AWAY = ["engine_unavailable", "queue_timeout", NO_GATEWAY];
const ALLOWED: Readonly<Record<FaultScope, readonly string[]>> = {
  node: [],
  gateway: [...AWAY, BROKEN, "draining"],
  nats: AWAY,
  all: [...AWAY, BROKEN, "draining", "worker_crashed", "not_found"],
};
/** How long a client tries to reconnect to a resumable stream. */
const RECONNECT_MS = 30_000;
const RETRY_MS = 100;

/** @param weather read at the end of each request */
export function clusterKinds(weather: Weather): readonly Kind[] {
  const ask = (
    name: string,
    weight: number,
    bodyOf: (client: SoakClient) => { readonly body: object; readonly check: Check },
  ): Kind => ({
    name,
    weight,
    run: async (client) => {
      const { body, check } = bodyOf(client);
      const judge = (summary: AnswerSummary, answer: Answer) =>
        judgeAnswer({ summary, answer, check, allowed: allowedIn(weather) });
      const { status } = await client.ask(name, CHAT, body, { judge });
      if (status !== 200) await sleep(RETRY_MS);
    },
  });
  return [
    ask("exact-stream", 4, () => ({ body: { ...exact, stream: true }, check: hasText })),
    ask("exact-body", 1, () => ({ body: exact, check: hasText })),
    ask("stream", 3, (client) => {
      const body = { ...free(client), stream: true };
      return { body, check: hasTokens(body.max_tokens) };
    }),
    { name: "resumed", weight: 4, run: (client) => resume(client, weather) },
    {
      name: "leaving-stream",
      weight: 1,
      run: async (client) => {
        const body = { ...free(client), stream: true };
        const maxFrames = client.random.between(1, 30);
        const judge = () => ({ outcomes: [], faults: [] });
        await client.ask("leaving-stream", CHAT, body, { maxFrames, judge });
      },
    },
  ];
}

type Check = (summary: AnswerSummary) => readonly string[];

function allowedIn({ scope }: Weather): readonly string[] {
  return scope === null ? [] : ALLOWED[scope];
}

type Judged = {
  readonly summary: AnswerSummary;
  readonly answer: Pick<Answer, "status" | "body" | "isComplete">;
  readonly check: Check;
  readonly allowed: readonly string[];
};

function judgeAnswer({ summary, answer, check, allowed }: Judged): Verdict {
  const { outcome } = summary;
  const isBroken = outcome === null || !answer.isComplete;
  const ended = isBroken ? BROKEN : outcome;
  const hasStarted = summary.texts.some((text) => text !== "");
  if (FINISHED.includes(ended)) return { outcomes: [ended], faults: check(summary) };
  const faults = allowed.includes(ended)
    ? []
    : [`unexpected ${ended} (${answer.status} ${answer.body.slice(0, 200)})`];
  return { outcomes: [ended], faults, hasText: hasStarted };
}

/** A stream whose client disconnects and reconnects, also to another gateway. Only the loss of everything may end it. */
async function resume(client: SoakClient, weather: Weather): Promise<void> {
  const { random, url } = client;
  const open = client.open("resumed");
  const first = await exchange({
    url,
    path: CHAT,
    body: { ...exact, stream: true },
    maxFrames: random.between(1, 60),
    headers: { ...open.headers, "x-resumable": "true" },
  });
  const frames: Frame[] = [...first.frames];
  const last = first.location === null ? first : await readRest(client, first.location, frames);
  const summary = summarizeAnswer({ ...last, frames });
  const isGapless = frames.every(({ id }, index) => id === `${index}`);
  const hasStarted = summary.texts.some((text) => text !== "");
  const check = () => [
    ...hasText(summary),
    ...(isGapless ? [] : ["events are missing or repeated"]),
  ];
  const answer = { ...last, isComplete: frames.length === 0 ? last.isComplete : isDone(frames) };
  open.end(
    judgeAnswer({ summary, answer, check, allowed: allowedForResumed(weather, hasStarted) }),
  );
  if (first.status !== 200) await sleep(RETRY_MS);
}

/** The next gateway continues what a node has begun, and knows nothing of the rest. */
function allowedForResumed(weather: Weather, hasStarted: boolean): readonly string[] {
  if (weather.scope !== "gateway") return allowedIn(weather);
  return hasStarted ? [] : [...allowedIn(weather), "not_found"];
}

/** Reads until the end, adds to the frames, and returns the last answer. */
async function readRest(client: SoakClient, path: string, frames: Frame[]): Promise<Answer> {
  const endMs = performance.now() + RECONNECT_MS;
  let leaves = 2;
  for (;;) {
    const after = frames.at(-1)?.id;
    const answer = await exchange({
      url: client.url,
      path,
      method: "GET",
      headers: { ...client.headers, ...(after !== undefined && { "last-event-id": after }) },
      maxFrames: leaves-- > 0 ? client.random.between(1, 60) : Number.POSITIVE_INFINITY,
    });
    frames.push(...answer.frames);
    const isRefused = answer.status >= 400 && answer.status !== 503;
    if (isDone(frames) || isRefused || performance.now() > endMs) return answer;
    if (answer.frames.length === 0) await sleep(RETRY_MS);
  }
}

/** Whether the last event has arrived: `[DONE]`, or an error. */
function isDone(frames: readonly Frame[]): boolean {
  const last = frames.at(-1)?.data ?? "";
  return last === "[DONE]" || last.startsWith('{"error"');
}
