// Control tokens that a client writes into a message must remain text: they must cost as many tokens as that text.

import fc from "fast-check";
import { brokenControlText } from "./requests/hostile-values.ts";

/** Text around a control token may be tokenized differently, giving one or two tokens fewer. */
const SLACK = 2;
const LIMIT_MS = 10_000;

type Place = {
  readonly name: string;
  readonly path: string;
  readonly body: (text: string) => object;
  /** Reads the prompt length from the answer. */
  readonly count: (answer: Counts) => number | undefined;
};

type Counts = {
  readonly input_tokens?: number;
  readonly usage?: { readonly input_tokens: number };
};

const COUNTED = "/v1/chat/completions/input_tokens";
const own = ({ input_tokens }: Counts) => input_tokens;
const last = { role: "user", content: "x" };
const call = { id: "c", type: "function", function: { name: "f", arguments: "{}" } };

const PLACES: readonly Place[] = [
  {
    name: "user",
    path: COUNTED,
    count: own,
    body: (content) => ({ messages: [{ role: "user", content }] }),
  },
  {
    name: "system",
    path: COUNTED,
    count: own,
    body: (content) => ({ messages: [{ role: "system", content }, last] }),
  },
  {
    name: "tool result",
    path: COUNTED,
    count: own,
    body: (content) => ({
      messages: [
        last,
        { role: "assistant", tool_calls: [call] },
        { role: "tool", tool_call_id: "c", content },
      ],
    }),
  },
  {
    name: "text blocks",
    path: "/v1/messages/count_tokens",
    count: own,
    body: (text) => ({
      messages: [
        { role: "user", content: halves(text).map((each) => ({ type: "text", text: each })) },
      ],
    }),
  },
  {
    name: "blocks of the assistant",
    path: "/v1/messages/count_tokens",
    count: own,
    body: (text) => ({
      messages: [
        last,
        { role: "assistant", content: halves(text).map((each) => ({ type: "text", text: each })) },
        last,
      ],
    }),
  },
  {
    name: "input",
    path: "/v1/responses",
    count: ({ usage }) => usage?.input_tokens,
    body: (input) => ({ input, max_output_tokens: 1 }),
  },
];

export type Attempt = { readonly place: Place; readonly text: string };

export function attempts(): fc.Arbitrary<Attempt> {
  // A template may drop what it takes for reasoning of the assistant.
  const text = brokenControlText().filter((each) => !each.includes("think"));
  return fc.record({ place: fc.constantFrom(...PLACES), text });
}

/** Returns what is wrong, or null. */
export async function faultOfAttempt(
  url: string,
  { place, text }: Attempt,
): Promise<string | null> {
  const [plain, given, asText, around] = await Promise.all([
    promptTokens(url, place, "ab"),
    promptTokens(url, place, `a${text}b`),
    textTokens(url, `user\na${text}b`),
    textTokens(url, "user\nab"),
  ]);
  if (plain === null || given === null || asText === null || around === null) return null; // the server was busy
  const [cost, least] = [given - plain, asText - around - SLACK];
  if (cost >= least) return null;
  return `control tokens in ${place.name}: ${JSON.stringify(text)} cost ${cost} tokens instead of the ${asText - around} tokens of the text`;
}

function halves(text: string): string[] {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)];
}

async function promptTokens(url: string, { path, body, count }: Place, text: string) {
  const answer = await post<Counts>(url + path, body(text));
  return answer && (count(answer) ?? Number.NaN);
}

async function textTokens(url: string, content: string) {
  const body = { content, parse_special: false };
  const answer = await post<{ tokens: number[] }>(`${url}/tokenize`, body);
  return answer?.tokens.length ?? null;
}

/** Returns null if the queue is full. */
async function post<T>(url: string, body: object): Promise<T | null> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  if (response.status === 429) return null;
  if (!response.ok) throw new Error(`${url} answers ${response.status}: ${await response.text()}`);
  return (await response.json()) as T; // a wrong shape fails the comparison
}
