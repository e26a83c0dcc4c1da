// Requests that must succeed whatever happens to the worker, with a known text or length; and clients that disconnect.

import { type AnswerSummary, summarizeAnswer } from "../report/answer-summary.ts";
import { type Answer, exchange, type Frame } from "./exchange.ts";
import { FINISHED, type SoakClient } from "./soak-client.ts";

export type Kind = {
  readonly name: string;
  readonly weight: number;
  readonly run: (client: SoakClient) => Promise<void>;
};

/** A grammar forces this text, so every character of the answer is known. */
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
export const free = (client: SoakClient) => ({
  messages,
  max_tokens: client.random.between(20, 300),
  ignore_eos: true,
});
export const exact = { messages, response_format: forced, max_tokens: 1_000 };
const calling = {
  messages,
  tools: [tool],
  tool_choice: "required",
  parallel_tool_calls: false,
  max_tokens: 1_000,
};
const twice = { ...exact, n: 2 };

export const hasText = ({ texts }: AnswerSummary): readonly string[] =>
  texts.length > 0 && texts.every((text) => isJson(text, TEXT))
    ? []
    : [`its text is ${JSON.stringify(texts)}`];
const hasTextTwice = (summary: AnswerSummary) =>
  summary.texts.length === 2 ? hasText(summary) : [`it has ${summary.texts.length} choices`];
const hasCallWithText = ({ call }: AnswerSummary): readonly string[] =>
  isJson(call, { text: TEXT }) ? [] : [`its call is ${call}`];
export const hasTokens =
  (most: number) =>
  ({ tokens }: AnswerSummary): readonly string[] =>
    tokens === most ? [] : [`it has ${tokens} tokens of ${most}`];

function isJson(text: string, wanted: unknown): boolean {
  try {
    return JSON.stringify(JSON.parse(text)) === JSON.stringify(wanted);
  } catch {
    return false;
  }
}

/** Outcomes that are allowed for a client that disconnects. */
export function judgeAborted(summary: AnswerSummary, { isComplete }: Answer) {
  const outcomes =
    isComplete && summary.outcome !== null
      ? [summary.outcome]
      : ["aborted", ...FINISHED, "worker_crashed"];
  return { outcomes, faults: [] };
}

export const RESILIENT_KINDS: readonly Kind[] = [
  {
    name: "stream",
    weight: 4,
    run: async (client) => {
      const body = free(client);
      await client.ask(
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
    run: async (client) => {
      const body = free(client);
      await client.ask("body", CHAT, body, { check: hasTokens(body.max_tokens) });
    },
  },
  simpleKind("exact-stream", 3, { ...exact, stream: true }, hasText),
  simpleKind("exact-body", 1, exact, hasText),
  simpleKind("two-streams", 1, { ...twice, stream: true }, hasTextTwice),
  simpleKind("two-bodies", 1, twice, hasTextTwice),
  simpleKind("call-stream", 1, { ...calling, stream: true }, hasCallWithText),
  simpleKind("call-body", 1, calling, hasCallWithText),
  { name: "resumed", weight: 3, run: resume },
  {
    name: "leaving-stream",
    weight: 2,
    run: async (client) => {
      const body = { ...free(client), stream: true };
      await client.ask("leaving-stream", CHAT, body, {
        maxFrames: client.random.between(1, 30),
        judge: judgeAborted,
      });
    },
  },
  {
    name: "leaving-body",
    weight: 1,
    run: async (client) => {
      const leaveAfterMs = client.random.between(0, 300);
      await client.ask("leaving-body", CHAT, free(client), { leaveAfterMs, judge: judgeAborted });
    },
  },
];

function simpleKind(
  name: string,
  weight: number,
  body: object,
  check: (summary: AnswerSummary) => readonly string[],
): Kind {
  return {
    name,
    weight,
    run: async (client) => void (await client.ask(name, CHAT, body, { check })),
  };
}

/** A stream whose client disconnects repeatedly and reconnects for the rest. */
async function resume(client: SoakClient): Promise<void> {
  const { random, url } = client;
  const open = client.open("resumed");
  const most = () => random.between(1, 40);
  const first = await exchange({
    url,
    path: CHAT,
    body: { ...exact, stream: true },
    maxFrames: most(),
    headers: { ...open.headers, "x-resumable": "true" },
  });
  const frames: Frame[] = [...first.frames];
  let last = first;
  for (let times = 0; first.location !== null && !isDone(frames); times++) {
    const after = frames.at(-1)?.id;
    last = await exchange({
      url,
      path: first.location,
      method: "GET",
      headers: after === undefined ? {} : { "last-event-id": after },
      maxFrames: times < 3 ? most() : Number.POSITIVE_INFINITY,
    });
    frames.push(...last.frames);
    if (last.status !== 200 || (last.isComplete && !isDone(frames))) break;
  }
  const isComplete = first.location === null ? first.isComplete : isDone(frames); // refused, or read to its end
  const answer: Answer = { ...last, frames, isComplete };
  const summary = summarizeAnswer(answer);
  const isGapless = frames.every(({ id }, index) => id === `${index}`);
  const check = () => [
    ...hasText(summary),
    ...(isGapless ? [] : ["events are missing or repeated"]),
  ];
  open.end(client.judgeComplete(summary, answer, check));
}

/** Whether the last event has arrived: `[DONE]`, or an error. */
function isDone(frames: readonly Frame[]): boolean {
  const last = frames.at(-1)?.data ?? "";
  return last === "[DONE]" || last.startsWith('{"error"');
}
