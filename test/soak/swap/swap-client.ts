// One request of `npm run swap-rounds`: a stream whose text a grammar fixes.

import type { Random } from "../kinds/random.ts";

export type AskOptions = {
  readonly url: string;
  readonly key: string;
  readonly model: string;
  readonly text: string;
  readonly startedAtMs: number;
};

/** How a request went. */
export type Asked = {
  readonly key: string;
  readonly model: string;
  /** When it was sent, in seconds since the start. */
  readonly atSeconds: number;
  /** To its first token, in ms. */
  readonly waitMs: number;
  readonly totalMs: number;
  readonly tokens: number;
  /** What was wrong; null if nothing was. */
  readonly fault: string | null;
};

/** A JSON string of digits; the built-in model takes about a token for each. */
export function knownText(random: Random): string {
  const length = random.between(20, 400);
  return JSON.stringify(
    Array.from({ length }, (_, index) => (index * 7 + random.between(0, 9)) % 10).join(""),
  );
}

export async function ask(options: AskOptions): Promise<Asked> {
  const { key, model, text, startedAtMs } = options;
  const sentAtMs = performance.now();
  const seen = { text: "", tokens: 0, firstAtMs: 0 };
  let fault: string | null = null;
  try {
    await read(options, seen);
    if (seen.text !== text)
      fault = `${model} answered ${seen.text.length} of ${text.length} characters`;
  } catch (error) {
    fault = `${model}: ${(error as Error).message}`;
  }
  return {
    key,
    model,
    atSeconds: (sentAtMs - startedAtMs) / 1000,
    waitMs: seen.firstAtMs - sentAtMs,
    totalMs: performance.now() - sentAtMs,
    tokens: seen.tokens,
    fault,
  };
}

async function read(
  { url, key, model, text }: AskOptions,
  seen: { text: string; tokens: number; firstAtMs: number },
): Promise<void> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({
      model,
      messages: [{ role: "user", content: "Write." }],
      response_format: {
        type: "json_schema",
        json_schema: { name: "text", schema: { const: JSON.parse(text) } },
      },
      stream: true,
      stream_options: { include_usage: true },
    }),
  });
  if (response.status !== 200)
    throw new Error(`${response.status} ${(await response.text()).slice(0, 200)}`);
  let rest = "";
  for await (const bytes of response.body ?? []) {
    rest += Buffer.from(bytes).toString();
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("data: {")) take(JSON.parse(line.slice(6)), seen);
  }
}

type Chunk = {
  readonly error?: { readonly message: string };
  readonly choices?: readonly { readonly delta?: { readonly content?: string } }[];
  readonly usage?: { readonly completion_tokens: number; readonly prompt_tokens: number } | null;
};

function take(chunk: Chunk, seen: { text: string; tokens: number; firstAtMs: number }): void {
  if (chunk.error) throw new Error(chunk.error.message);
  const content = chunk.choices?.[0]?.delta?.content ?? "";
  if (content !== "" && seen.firstAtMs === 0) seen.firstAtMs = performance.now();
  seen.text += content;
  if (chunk.usage) seen.tokens = chunk.usage.completion_tokens;
}
