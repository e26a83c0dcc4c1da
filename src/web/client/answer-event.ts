// The events of an answer stream. server/chunk-events.ts produces them, and chat/answer.ts applies them to an answer.

import type { AnswerStatistics, ChatFinishReason } from "../conversation/conversation.ts";

export type AnswerEvent =
  /** The server accepted the request, or a reconnect. `address` is where to reconnect to the stream. */
  | { readonly type: "accepted"; readonly address: string | null }
  | { readonly type: "loading"; readonly progress: number | null }
  | { readonly type: "restarting" }
  | { readonly type: "queued"; readonly position: number; readonly etaMs: number | null }
  | { readonly type: "reading"; readonly processed: number; readonly total: number }
  | { readonly type: "model"; readonly id: string }
  | { readonly type: "reasoning"; readonly text: string }
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tool-call"; readonly index: number; readonly delta: ChatToolCallDelta }
  | {
      readonly type: "finish";
      readonly reason: ChatFinishReason;
      readonly numbers: AnswerStatistics | null;
    }
  /** The connection was lost, and a reconnect is about to be tried. */
  | { readonly type: "reconnecting"; readonly attempt: number }
  /** All events up to this id of the stream have been delivered. */
  | { readonly type: "position"; readonly lastEventId: string };

/** The id and name come once, the arguments in several deltas. */
export type ChatToolCallDelta = {
  readonly id?: string;
  readonly name?: string;
  readonly arguments?: string;
};
