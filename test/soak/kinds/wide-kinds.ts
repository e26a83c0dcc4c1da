// All else that clients do: every API, answers that are kept or computed behind, deadlines, readers that stall, and mistakes.

import { setTimeout as sleep } from "node:timers/promises";
import { toldBy } from "../report/told.ts";
import { exchange } from "./exchange.ts";
import { CHAT, exact, free, hasTokens, type Kind, left, STURDY_KINDS, saysText } from "./kinds.ts";
import { FINISHED, type Player } from "./player.ts";

const RESPONSES = "/v1/responses";
const POLL_MS = 100;
const question = "What is streaming?";
const tokensOf = (player: Player) => player.random.between(20, 200);

export const ALL_KINDS: readonly Kind[] = [
  ...STURDY_KINDS,
  kind("completion", 2, async (player) => {
    const body = { prompt: "Streaming is", max_tokens: tokensOf(player), ignore_eos: true };
    const check = hasTokens(body.max_tokens);
    await player.ask(
      "completion",
      "/v1/completions",
      { ...body, stream: player.random.next() < 0.5 },
      { check },
    );
  }),
  kind("message", 2, async (player) => {
    const body = { messages: [{ role: "user", content: question }], max_tokens: tokensOf(player) };
    await player.ask("message", "/v1/messages", { ...body, stream: player.random.next() < 0.5 });
  }),
  kind("response", 2, async (player) => {
    const body = { input: question, max_output_tokens: tokensOf(player), store: false };
    await player.ask("response", RESPONSES, { ...body, stream: player.random.next() < 0.5 });
  }),
  kind("kept-response", 1, converse),
  kind("background", 1, waitBehind),
  kind("embedding", 1, async (player) => {
    const input = Array.from({ length: player.random.between(1, 20) }, (_, n) => `text ${n}`);
    await player.ask("embedding", "/v1/embeddings", { input });
  }),
  kind("deadline", 1, hurry),
  kind("slow", 1, async (player) => {
    const restMs = player.random.between(1, 40);
    await player.ask("slow", CHAT, { ...exact, stream: true }, { check: saysText, restMs });
  }),
  kind("stalled", 0.3, stall),
  kind("abandoned", 0.5, abandon),
  kind("stopped", 1, stop),
  kind("look", 2, async (player) => {
    await player.look("/v1/requests");
    await player.look("/v1/models");
    await player.look("/slots", { allowed: [200, 503] }); // while the next worker loads
    await player.look("/tokenize", { method: "POST", body: { content: question } });
  }),
  kind("mistake", 1, async (player) => {
    const wrong = { ...free(player), temperature: 9 };
    await player.look(CHAT, { method: "POST", body: wrong, allowed: [400] });
    await player.look(CHAT, {
      method: "POST",
      body: wrong,
      allowed: [401],
      headers: { authorization: "Bearer x" },
    });
  }),
];

function kind(name: string, weight: number, play: Kind["play"]): Kind {
  return { name, weight, play };
}

/** Two turns, which are then read and forgotten. */
async function converse(player: Player): Promise<void> {
  const ids: string[] = [];
  for (const input of [question, "And what is a token?"]) {
    const body = {
      input,
      max_output_tokens: tokensOf(player),
      ...(ids[0] ? { previous_response_id: ids[0] } : {}),
    };
    const answer = await player.ask("kept-response", RESPONSES, body);
    if (answer.status !== 200) break;
    ids.unshift((JSON.parse(answer.body) as { id: string }).id);
  }
  for (const id of ids) {
    await player.look(`${RESPONSES}/${id}`, { allowed: [200, 404] }); // 404: others needed its room
    await player.look(`${RESPONSES}/${id}`, { method: "DELETE", allowed: [200, 404] });
  }
}

async function waitBehind(player: Player): Promise<void> {
  const open = player.open("background");
  const body = { input: question, max_output_tokens: tokensOf(player), background: true };
  const { url } = player;
  let answer = await exchange({ url, path: RESPONSES, body, headers: open.headers });
  const { id } = JSON.parse(answer.body || "{}") as { id?: string };
  while (id && /"status":"(queued|in_progress)"/.test(answer.body)) {
    await sleep(POLL_MS);
    answer = await player.look(`${RESPONSES}/${id}`);
  }
  open.end(player.judged(toldBy(answer), answer));
}

/** It has text by its deadline, or is refused. */
async function hurry(player: Player): Promise<void> {
  const { random } = player;
  const headers = { "x-deadline-ms": `${random.between(50, 1_500)}` };
  const body = { ...free(player), max_tokens: 1_500, stream: random.next() < 0.5 };
  const late = ["deadline_exceeded", "deadline_unmeetable"];
  await player.ask("deadline", CHAT, body, {
    headers,
    judge: (told, answer) =>
      told.outcome !== null && late.includes(told.outcome)
        ? { outcomes: [told.outcome], faults: [] }
        : player.judged(told, answer),
  });
}

/** Its chunks are large, so that no socket takes all of them. */
async function stall(player: Player): Promise<void> {
  const open = player.open("stalled");
  const body = {
    ...free(player),
    max_tokens: 3_000,
    logprobs: true,
    top_logprobs: 20,
    stream: true,
  };
  const deafUntil = isGone(player, open.id);
  const answer = await exchange({
    url: player.url,
    path: CHAT,
    body,
    headers: open.headers,
    deafUntil,
  });
  const told = toldBy(answer);
  const cut = ["client_stalled", "worker_crashed", ...FINISHED]; // its end may be in a socket that it never read
  const outcomes = answer.isWhole && told.outcome !== null ? [told.outcome] : cut;
  open.end({ outcomes, faults: [] });
}

/** Its client is lost and never comes back. */
async function abandon(player: Player): Promise<void> {
  const open = player.open("abandoned");
  await exchange({
    ...{ url: player.url, path: CHAT, body: { ...free(player), max_tokens: 2_000, stream: true } },
    headers: { ...open.headers, "x-resumable": "true" },
    mostFrames: player.random.between(1, 20),
  });
  await isGone(player, open.id);
  open.end({ outcomes: ["aborted", "queue_full", "worker_crashed", ...FINISHED], faults: [] });
}

/** Stopped from outside while it runs, or waits. */
async function stop(player: Player): Promise<void> {
  const open = player.open("stopped");
  const body = { ...free(player), max_tokens: 2_000, stream: true };
  const asking = exchange({ url: player.url, path: CHAT, body, headers: open.headers });
  await sleep(player.random.between(0, 400));
  await player.look(`/v1/requests/${open.id}`, { method: "DELETE", allowed: [200, 404] });
  const answer = await asking;
  const told = toldBy(answer);
  open.end(told.outcome === "cancelled" ? left(told, answer) : player.judged(told, answer));
}

/** The server has nothing of it any more. */
async function isGone(player: Player, id: string): Promise<void> {
  for (;;) {
    await sleep(POLL_MS);
    const { body, status } = await player.look("/v1/requests");
    if (status === 200 && !body.includes(`"${id}"`)) return;
  }
}
