// The events of an answer stream. client/chunk-events.ts produces them, and chat/answer.ts applies them to an answer.

import type {
  AnswerStatistics,
  ChatFinishReason,
  ChatToolCall,
  WaitPhase,
} from "../conversation/conversation.ts";

export type AnswerEvent =
  /** The server accepted the request, or a reconnect. `address` is where to reconnect to the stream. */
  | { readonly type: "accepted"; readonly address: string | null }
  | WaitPhase
  | { readonly type: "model"; readonly id: string }
  | { readonly type: "reasoning"; readonly text: string }
  | { readonly type: "text"; readonly text: string }
  /** The id and name come once, the arguments in several deltas. */
  | { readonly type: "tool-call"; readonly index: number; readonly delta: Partial<ChatToolCall> }
  | {
      readonly type: "finish";
      readonly reason: ChatFinishReason;
      readonly numbers: AnswerStatistics | null;
    }
  /** All events up to this id of the stream have been delivered. */
  | { readonly type: "position"; readonly lastEventId: string };
