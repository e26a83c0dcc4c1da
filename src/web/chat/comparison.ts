// Asks the same thing twice at once, streamed and buffered, and measures what their reader sees of it and when.

import { newId } from "../conversation/ids.ts";
import { readAnswer } from "../server/answer-stream.ts";
import type { Server } from "../server/server.ts";

/** Times in ms since both were asked. */
export type Side = {
  readonly text: string;
  readonly firstTextMs: number | null;
  readonly totalMs: number | null;
  readonly problem: string | null;
};

export type Comparison = { readonly streamed: Side; readonly buffered: Side };

type CompareOptions = {
  readonly server: Server;
  /** Of a request without `stream`. */
  readonly body: object;
  readonly signal: AbortSignal;
  /** Called once per animation frame at most while text comes. */
  readonly onChange: (comparison: Comparison) => void;
};

const EMPTY: Side = { text: "", firstTextMs: null, totalMs: null, problem: null };
/** Both draw the same tokens, unless a seed is set already. */
const SEED = 1;

/** Resolves when both are done. Nothing is thrown: what goes wrong is in the side. */
export async function compare({ server, body, signal, onChange }: CompareOptions): Promise<void> {
  const startedAtMs = performance.now();
  const passed = () => performance.now() - startedAtMs;
  let comparison: Comparison = { streamed: EMPTY, buffered: EMPTY };
  let frame = 0;
  const put = (side: keyof Comparison, change: Partial<Side>) => {
    comparison = { ...comparison, [side]: { ...comparison[side], ...change } };
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => onChange(comparison));
  };
  const guarded = async (side: keyof Comparison, run: () => Promise<void>) => {
    try {
      await run();
      put(side, { totalMs: passed() });
    } catch (error) {
      const isStopped = signal.aborted;
      put(side, { problem: isStopped ? "Stopped" : (error as Error).message, totalMs: passed() });
    }
  };
  const same = { seed: SEED, ...body };
  await Promise.all([
    guarded("streamed", async () => {
      const start = { body: { ...same, stream: true }, requestId: newId() };
      for await (const events of readAnswer(start, { server, signal, isResumable: false }))
        for (const event of events) {
          if (event.type !== "text" && event.type !== "thought") continue;
          const { text, firstTextMs } = comparison.streamed;
          put("streamed", { text: text + event.text, firstTextMs: firstTextMs ?? passed() });
        }
    }),
    guarded("buffered", async () => {
      const call = { method: "POST", body: same, signal } as const;
      const response = await server.call("v1/chat/completions", call);
      const { choices } = (await response.json()) as Answered;
      const text = choices.map(
        ({ message }) => (message.reasoning_content ?? "") + (message.content ?? ""),
      );
      put("buffered", { text: text.join(""), firstTextMs: passed() });
    }),
  ]);
  onChange(comparison);
}

/** What is read of an answer without a stream. */
type Answered = {
  readonly choices: readonly {
    readonly message: { readonly content?: string | null; readonly reasoning_content?: string };
  }[];
};
