// A client of another model, which streams one answer after the other: the neighbour of what a test does.

import { chat, postSse, readAll } from "./sse-client.ts";

export type BusyNeighbour = {
  /** Ends after the current answer. @returns what it has read of each answer */
  readonly stop: () => Promise<readonly NeighbourAnswer[]>;
};

type NeighbourAnswer = {
  readonly isDone: boolean;
  readonly tokens: number | null | undefined;
  /** What it was told while it waited. */
  readonly waits: readonly string[];
};

/** Tokens of each answer. */
export const NEIGHBOUR_TOKENS = 200;

/** @param url of the server. Resolves with the neighbour when its first answer has begun. */
export async function startNeighbour(url: string, model: string): Promise<BusyNeighbour> {
  const answers: NeighbourAnswer[] = [];
  let isStopped = false;
  const body = chat({ model, max_tokens: NEIGHBOUR_TOKENS, ignore_eos: true, stream: true });
  const ask = () => postSse(`${url}/v1/chat/completions`, body);
  const stream = async (first: Awaited<ReturnType<typeof ask>>) => {
    for (let next = first; ; next = await ask()) {
      const { isDone, chunks, comments } = await readAll(next);
      const waits = comments.filter((comment) => /loading|restarting/.test(comment));
      answers.push({ isDone, tokens: chunks.at(-1)?.timings?.generated_tokens, waits });
      if (isStopped) return;
    }
  };
  const streaming = stream(await ask());
  streaming.catch(() => {}); // `stop()` fails with it
  const stop = async () => {
    isStopped = true;
    await streaming;
    return answers;
  };
  return { stop };
}
