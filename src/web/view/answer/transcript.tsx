// The turns of the conversation, and the scrolling that follows an answer until its reader looks elsewhere.

import { memo } from "react";
import { openCalls } from "../../chat/turns.ts";
import type { Conversation, Turn } from "../../conversation/conversation.ts";
import { useApp, useCurrent } from "../context.ts";
import { Icon } from "../icons.tsx";
import { AnswerView } from "./answer-view.tsx";
import { EmptyChat } from "./empty-chat.tsx";
import { OmittedNote } from "./omitted-note.tsx";
import { QuestionView } from "./question-view.tsx";
import { ToolResultView } from "./tool-result-view.tsx";
import { useStickyEnd } from "./use-sticky-end.ts";

export function Transcript({ onKey }: { readonly onKey: () => void }) {
  const last = useCurrent().turns.at(-1);
  return last ? <Frame lastId={last.id} onKey={onKey} /> : <EmptyChat />;
}

function Frame({ lastId, onKey }: { readonly lastId: string; readonly onKey: () => void }) {
  const conversation = useCurrent();
  const { frame, content, isAtEnd, toEnd } = useStickyEnd(lastId);
  return (
    <div className="transcript-place">
      <section className="transcript" ref={frame} aria-label="Conversation" tabIndex={-1}>
        <div className="transcript-content" ref={content}>
          <Turns conversation={conversation} onKey={onKey} />
        </div>
      </section>
      {!isAtEnd && (
        <button type="button" className="to-end" onClick={toEnd} aria-label="Go to the end">
          <Icon name="down" />
        </button>
      )}
    </div>
  );
}

function Turns({
  conversation,
  onKey,
}: {
  readonly conversation: Conversation;
  readonly onKey: () => void;
}) {
  const { store } = useApp();
  const { id, turns, omittedTurns } = conversation;
  const isAnswering = store.isAnswering(id);
  const caller = isAnswering ? null : turns.findLast(({ kind }) => kind === "answer");
  const waitingIds = openCalls(conversation)
    .map((call) => call.id)
    .join(" ");
  return turns.map((turn, index) => (
    <div key={turn.id} className={index < omittedTurns ? "turn is-omitted" : "turn"}>
      {index === omittedTurns && omittedTurns > 0 && <OmittedNote conversationId={id} />}
      <TurnView
        conversationId={id}
        turn={turn}
        isLast={index === turns.length - 1}
        isAnswering={isAnswering}
        waitingIds={turn === caller ? waitingIds : ""}
        onKey={onKey}
      />
    </div>
  ));
}

type TurnProps = {
  readonly conversationId: string;
  readonly turn: Turn;
  readonly isLast: boolean;
  readonly isAnswering: boolean;
  /** Ids of calls that want a result, with spaces between them: a text, so that a turn that stays the same is not drawn again. */
  readonly waitingIds: string;
  readonly onKey: () => void;
};

const TurnView = memo(function TurnView({ turn, ...rest }: TurnProps) {
  switch (turn.kind) {
    case "question":
      return <QuestionView question={turn} {...rest} />;
    case "answer":
      return <AnswerView answer={turn} {...rest} />;
    case "tool-result":
      return <ToolResultView result={turn} />;
  }
});
