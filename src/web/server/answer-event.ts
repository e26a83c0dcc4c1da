// What an answer's stream brings, in the page's own words: chat/answer.ts makes an answer of them.

import type { FinishReason, Numbers } from "../conversation/conversation.ts";

export type AnswerEvent =
  /** The server has taken the request. `address`: where its stream can be come back to. */
  | { readonly type: "accepted"; readonly address: string | null }
  | { readonly type: "loading"; readonly progress: number | null }
  | { readonly type: "restarting" }
  | { readonly type: "queued"; readonly position: number; readonly etaMs: number | null }
  | { readonly type: "reading"; readonly processed: number; readonly total: number }
  | { readonly type: "model"; readonly id: string }
  | { readonly type: "thought"; readonly text: string }
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "call"; readonly index: number; readonly part: CallPart }
  | { readonly type: "finish"; readonly reason: FinishReason; readonly numbers: Numbers | null }
  /** The connection was lost; it is tried for the `attempt`th time to come back. */
  | { readonly type: "reconnecting"; readonly attempt: number }
  /** Everything up to this event of the stream has been told. */
  | { readonly type: "place"; readonly lastEventId: string };

/** New of a call: id and name come once, arguments in pieces. */
export type CallPart = {
  readonly id?: string;
  readonly name?: string;
  readonly arguments?: string;
};
