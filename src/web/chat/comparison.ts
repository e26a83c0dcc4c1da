// Sends the same request streamed and buffered at the same time, and measures when the user sees text.

import { readAnswer } from "../client/answer-stream.ts";
import type { Server } from "../client/server.ts";
import { newId } from "../conversation/ids.ts";

/** Times in ms since both requests started. */
export type Side = {
  readonly text: string;
  readonly firstTextMs: number | null;
  readonly totalMs: number | null;
  readonly problem: string | null;
};

export type Comparison = { readonly streamed: Side; readonly buffered: Side };

type CompareOptions = {
  readonly server: Server;
  /** A request body without `stream`. */
  readonly body: object;
  readonly signal: AbortSignal;
  readonly onChange: (comparison: Comparison) => void;
};

const EMPTY_SIDE: Side = { text: "", firstTextMs: null, totalMs: null, problem: null };
export const EMPTY_COMPARISON: Comparison = { streamed: EMPTY_SIDE, buffered: EMPTY_SIDE };
/** Makes both requests draw the same tokens, unless the settings contain a seed. */
const SEED = 1;

/** Resolves when both requests have ended. Errors are reported in the side and not thrown. */
export async function compare({ server, body, signal, onChange }: CompareOptions): Promise<void> {
  const startedAtMs = performance.now();
  const elapsed = () => performance.now() - startedAtMs;
  let comparison = EMPTY_COMPARISON;
  const put = (side: keyof Comparison, change: Partial<Side>) => {
    comparison = { ...comparison, [side]: { ...comparison[side], ...change } };
    onChange(comparison);
  };
  const guarded = async (side: keyof Comparison, run: () => Promise<void>) => {
    try {
      await run();
      put(side, { totalMs: elapsed() });
    } catch (error) {
      const isStopped = signal.aborted;
      put(side, { problem: isStopped ? "Stopped" : (error as Error).message, totalMs: elapsed() });
    }
  };
  const same = { seed: SEED, ...body };
  await Promise.all([
    guarded("streamed", async () => {
      const start = { body: { ...same, stream: true }, requestId: newId() };
      for await (const events of readAnswer(start, { server, signal, isResumable: false }))
        for (const event of events) {
          if (event.type !== "text" && event.type !== "reasoning") continue;
          const { text, firstTextMs } = comparison.streamed;
          put("streamed", { text: text + event.text, firstTextMs: firstTextMs ?? elapsed() });
        }
    }),
    guarded("buffered", async () => {
      const call = { method: "POST", body: same, signal } as const;
      const response = await server.call("v1/chat/completions", call);
      const { choices } = (await response.json()) as BufferedAnswer;
      const text = choices.map(
        ({ message }) => (message.reasoning_content ?? "") + (message.content ?? ""),
      );
      put("buffered", { text: text.join(""), firstTextMs: elapsed() });
    }),
  ]);
}

/** The fields of a buffered answer that are used. */
type BufferedAnswer = {
  readonly choices: readonly {
    readonly message: { readonly content?: string | null; readonly reasoning_content?: string };
  }[];
};
