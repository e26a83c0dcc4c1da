// All other kinds of requests: every API, kept and background responses, deadlines, stalled readers, and mistakes.

import { setTimeout as sleep } from "node:timers/promises";
import { summarizeAnswer } from "../report/answer-summary.ts";
import { exchange } from "./exchange.ts";
import {
  CHAT,
  exact,
  free,
  hasText,
  hasTokens,
  judgeAborted,
  type Kind,
  RESILIENT_KINDS,
} from "./resilient-kinds.ts";
import { FINISHED, type SoakClient } from "./soak-client.ts";

const RESPONSES = "/v1/responses";
const POLL_MS = 100;
const question = "What is streaming?";
const tokensOf = (client: SoakClient) => client.random.between(20, 200);

export const ALL_KINDS: readonly Kind[] = [
  ...RESILIENT_KINDS,
  kind("completion", 2, async (client) => {
    const body = { prompt: "Streaming is", max_tokens: tokensOf(client), ignore_eos: true };
    const check = hasTokens(body.max_tokens);
    await client.ask(
      "completion",
      "/v1/completions",
      { ...body, stream: client.random.next() < 0.5 },
      { check },
    );
  }),
  kind("message", 2, async (client) => {
    const body = { messages: [{ role: "user", content: question }], max_tokens: tokensOf(client) };
    await client.ask("message", "/v1/messages", { ...body, stream: client.random.next() < 0.5 });
  }),
  kind("response", 2, async (client) => {
    const body = { input: question, max_output_tokens: tokensOf(client), store: false };
    await client.ask("response", RESPONSES, { ...body, stream: client.random.next() < 0.5 });
  }),
  kind("kept-response", 1, continueConversation),
  kind("background", 1, pollBackground),
  kind("embedding", 1, async (client) => {
    const input = Array.from({ length: client.random.between(1, 20) }, (_, n) => `text ${n}`);
    await client.ask("embedding", "/v1/embeddings", { input });
  }),
  kind("deadline", 1, meetDeadline),
  kind("slow", 1, async (client) => {
    const pauseMs = client.random.between(1, 40);
    await client.ask("slow", CHAT, { ...exact, stream: true }, { check: hasText, pauseMs });
  }),
  kind("stalled", 0.3, stall),
  kind("abandoned", 0.5, abandon),
  kind("stopped", 1, stop),
  kind("look", 2, async (client) => {
    await client.look("/v1/requests");
    await client.look("/v1/models");
    await client.look("/slots", { allowed: [200, 503] }); // while the next worker is loading
    await client.look("/tokenize", { method: "POST", body: { content: question } });
  }),
  kind("mistake", 1, async (client) => {
    const wrong = { ...free(client), temperature: 9 };
    await client.look(CHAT, { method: "POST", body: wrong, allowed: [400] });
    await client.look(CHAT, {
      method: "POST",
      body: wrong,
      allowed: [401],
      headers: { authorization: "Bearer x" },
    });
  }),
];

function kind(name: string, weight: number, run: Kind["run"]): Kind {
  return { name, weight, run };
}

/** Sends two turns, then reads and deletes them. */
async function continueConversation(client: SoakClient): Promise<void> {
  const ids: string[] = [];
  for (const input of [question, "And what is a token?"]) {
    const body = {
      input,
      max_output_tokens: tokensOf(client),
      ...(ids[0] ? { previous_response_id: ids[0] } : {}),
    };
    const answer = await client.ask("kept-response", RESPONSES, body);
    if (answer.status !== 200) break;
    ids.unshift((JSON.parse(answer.body) as { id: string }).id);
  }
  for (const id of ids) {
    await client.look(`${RESPONSES}/${id}`, { allowed: [200, 404] }); // 404 if other responses needed its memory
    await client.look(`${RESPONSES}/${id}`, { method: "DELETE", allowed: [200, 404] });
  }
}

async function pollBackground(client: SoakClient): Promise<void> {
  const open = client.open("background");
  const body = { input: question, max_output_tokens: tokensOf(client), background: true };
  const { url } = client;
  let answer = await exchange({ url, path: RESPONSES, body, headers: open.headers });
  const { id } = JSON.parse(answer.body || "{}") as { id?: string };
  while (id && /"status":"(queued|in_progress)"/.test(answer.body)) {
    await sleep(POLL_MS);
    answer = await client.look(`${RESPONSES}/${id}`);
  }
  open.end(client.judgeComplete(summarizeAnswer(answer), answer));
}

/** Sends a request with a deadline, which is met or refused. */
async function meetDeadline(client: SoakClient): Promise<void> {
  const { random } = client;
  const headers = { "x-deadline-ms": `${random.between(50, 1_500)}` };
  const body = { ...free(client), max_tokens: 1_500, stream: random.next() < 0.5 };
  const late = ["deadline_exceeded", "deadline_unmeetable"];
  await client.ask("deadline", CHAT, body, {
    headers,
    judge: (summary, answer) =>
      summary.outcome !== null && late.includes(summary.outcome)
        ? { outcomes: [summary.outcome], faults: [] }
        : client.judgeComplete(summary, answer),
  });
}

/** Stalls on a stream whose chunks are so large that the socket fills up. */
async function stall(client: SoakClient): Promise<void> {
  const open = client.open("stalled");
  const body = {
    ...free(client),
    max_tokens: 3_000,
    logprobs: true,
    top_logprobs: 20,
    stream: true,
  };
  const pauseUntil = untilGone(client, open.id);
  const answer = await exchange({
    url: client.url,
    path: CHAT,
    body,
    headers: open.headers,
    pauseUntil,
  });
  const summary = summarizeAnswer(answer);
  const cut = ["client_stalled", "worker_crashed", ...FINISHED]; // the end may be in the socket, never read
  const outcomes = answer.isComplete && summary.outcome !== null ? [summary.outcome] : cut;
  open.end({ outcomes, faults: [] });
}

/** Disconnects from a resumable stream and never reconnects. */
async function abandon(client: SoakClient): Promise<void> {
  const open = client.open("abandoned");
  await exchange({
    url: client.url,
    path: CHAT,
    body: { ...free(client), max_tokens: 2_000, stream: true },
    headers: { ...open.headers, "x-resumable": "true" },
    maxFrames: client.random.between(1, 20),
  });
  await untilGone(client, open.id);
  open.end({ outcomes: ["aborted", "queue_full", "worker_crashed", ...FINISHED], faults: [] });
}

/** Stops a request with another request while it runs or waits. */
async function stop(client: SoakClient): Promise<void> {
  const open = client.open("stopped");
  const body = { ...free(client), max_tokens: 2_000, stream: true };
  const asking = exchange({ url: client.url, path: CHAT, body, headers: open.headers });
  await sleep(client.random.between(0, 400));
  await client.look(`/v1/requests/${open.id}`, { method: "DELETE", allowed: [200, 404] });
  const answer = await asking;
  const summary = summarizeAnswer(answer);
  open.end(
    summary.outcome === "cancelled"
      ? judgeAborted(summary, answer)
      : client.judgeComplete(summary, answer),
  );
}

/** Waits until the server does not list the request any more. */
async function untilGone(client: SoakClient, id: string): Promise<void> {
  for (;;) {
    await sleep(POLL_MS);
    const { body, status } = await client.look("/v1/requests");
    if (status === 200 && !body.includes(`"${id}"`)) return;
  }
}
