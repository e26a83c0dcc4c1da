// Requests that have to come through whatever happens to the worker: what they are answered with is known, its text or its
// length. And clients that leave.

import { type Told, toldBy } from "../report/told.ts";
import { type Answer, exchange, type Frame } from "./exchange.ts";
import { FINISHED, type Player } from "./player.ts";

export type Kind = {
  readonly name: string;
  readonly weight: number;
  readonly play: (player: Player) => Promise<void>;
};

/** A grammar forces it, so that every character of the answer is known. */
const TEXT = "aé🦄 0123456789 ".repeat(8);
const messages = [{ role: "user", content: "What is streaming?" }];
const forced = { type: "json_schema", json_schema: { name: "x", schema: { const: TEXT } } };
const tool = {
  type: "function",
  function: {
    name: "f",
    parameters: {
      type: "object",
      properties: { text: { const: TEXT } },
      required: ["text"],
      additionalProperties: false,
    },
  },
};

export const CHAT = "/v1/chat/completions";
export const free = (player: Player) => ({
  messages,
  max_tokens: player.random.between(20, 300),
  ignore_eos: true,
});
export const exact = { messages, response_format: forced, max_tokens: 1_000 };
const calling = {
  ...{ messages, tools: [tool], tool_choice: "required", parallel_tool_calls: false },
  max_tokens: 1_000,
};
const twice = { ...exact, n: 2 };

export const saysText = ({ texts }: Told): readonly string[] =>
  texts.length > 0 && texts.every((text) => isJson(text, TEXT))
    ? []
    : [`its text is ${JSON.stringify(texts)}`];
const saysTwice = (told: Told) =>
  told.texts.length === 2 ? saysText(told) : [`it has ${told.texts.length} choices`];
const callsWithText = ({ call }: Told): readonly string[] =>
  isJson(call, { text: TEXT }) ? [] : [`its call is ${call}`];
export const hasTokens =
  (most: number) =>
  ({ tokens }: Told): readonly string[] =>
    tokens === most ? [] : [`it has ${tokens} tokens of ${most}`];

function isJson(text: string, wanted: unknown): boolean {
  try {
    return JSON.stringify(JSON.parse(text)) === JSON.stringify(wanted);
  } catch {
    return false;
  }
}

/** Of what a client that leaves is owed, and what it may have missed. */
export function left(told: Told, { isWhole }: Answer) {
  const outcomes =
    isWhole && told.outcome !== null ? [told.outcome] : ["aborted", ...FINISHED, "worker_crashed"];
  return { outcomes, faults: [] };
}

export const STURDY_KINDS: readonly Kind[] = [
  {
    name: "stream",
    weight: 4,
    play: async (player) => {
      const body = free(player);
      await player.ask(
        "stream",
        CHAT,
        { ...body, stream: true },
        { check: hasTokens(body.max_tokens) },
      );
    },
  },
  {
    name: "body",
    weight: 2,
    play: async (player) => {
      const body = free(player);
      await player.ask("body", CHAT, body, { check: hasTokens(body.max_tokens) });
    },
  },
  asked("exact-stream", 3, { ...exact, stream: true }, saysText),
  asked("exact-body", 1, exact, saysText),
  asked("two-streams", 1, { ...twice, stream: true }, saysTwice),
  asked("two-bodies", 1, twice, saysTwice),
  asked("call-stream", 1, { ...calling, stream: true }, callsWithText),
  asked("call-body", 1, calling, callsWithText),
  { name: "resumed", weight: 3, play: resume },
  {
    name: "leaving-stream",
    weight: 2,
    play: async (player) => {
      const body = { ...free(player), stream: true };
      await player.ask("leaving-stream", CHAT, body, {
        mostFrames: player.random.between(1, 30),
        judge: left,
      });
    },
  },
  {
    name: "leaving-body",
    weight: 1,
    play: async (player) => {
      const leaveAfterMs = player.random.between(0, 300);
      await player.ask("leaving-body", CHAT, free(player), { leaveAfterMs, judge: left });
    },
  },
];

function asked(
  name: string,
  weight: number,
  body: object,
  check: (told: Told) => readonly string[],
): Kind {
  return {
    name,
    weight,
    play: async (player) => void (await player.ask(name, CHAT, body, { check })),
  };
}

/** A stream whose client is lost now and then, and comes back for the rest. */
async function resume(player: Player): Promise<void> {
  const { random, url } = player;
  const open = player.open("resumed");
  const most = () => random.between(1, 40);
  const first = await exchange({
    ...{ url, path: CHAT, body: { ...exact, stream: true }, mostFrames: most() },
    headers: { ...open.headers, "x-resumable": "true" },
  });
  const frames: Frame[] = [...first.frames];
  let last = first;
  for (let times = 0; first.location !== null && !isDone(frames); times++) {
    const after = frames.at(-1)?.id;
    last = await exchange({
      ...{ url, path: first.location, method: "GET" },
      headers: after === undefined ? {} : { "last-event-id": after },
      mostFrames: times < 3 ? most() : Number.POSITIVE_INFINITY,
    });
    frames.push(...last.frames);
    if (last.status !== 200 || (last.isWhole && !isDone(frames))) break;
  }
  const isWhole = first.location === null ? first.isWhole : isDone(frames); // refused, or read to its end
  const answer: Answer = { ...last, frames, isWhole };
  const told = toldBy(answer);
  const isGapless = frames.every(({ id }, index) => id === `${index}`);
  const check = () => [...saysText(told), ...(isGapless ? [] : ["events are missing or doubled"])];
  open.end(player.judged(told, answer, check));
}

/** Its last event has come: `[DONE]`, or an error. */
function isDone(frames: readonly Frame[]): boolean {
  const last = frames.at(-1)?.data ?? "";
  return last === "[DONE]" || last.startsWith('{"error"');
}
