// The turns of the conversation in a scrolling frame that follows the end of the answer.

import { memo } from "react";
import { pendingToolCalls } from "../../chat/turns.ts";
import type { ChatTurn } from "../../conversation/conversation.ts";
import { type AnswerProps, AnswerView } from "../answer/answer-view.tsx";
import { useApp, useCurrent } from "../context.ts";
import { Icon } from "../icons.tsx";
import { EmptyChat } from "./empty-chat.tsx";
import { QuestionView } from "./question-view.tsx";
import { useStickyEnd } from "./use-sticky-end.ts";

export function Transcript() {
  const last = useCurrent().turns.at(-1);
  return last ? <Frame lastId={last.id} /> : <EmptyChat />;
}

function Frame({ lastId }: { readonly lastId: string }) {
  const { frame, content, isAtEnd, toEnd } = useStickyEnd(lastId);
  return (
    <div className="transcript-place">
      <section className="transcript" ref={frame} aria-label="Messages" tabIndex={-1}>
        <div className="transcript-content" ref={content}>
          <Turns />
        </div>
      </section>
      {!isAtEnd && (
        <button type="button" className="to-end" onClick={toEnd} aria-label="Scroll to bottom">
          <Icon name="down" />
        </button>
      )}
    </div>
  );
}

function Turns() {
  const { store } = useApp();
  const conversation = useCurrent();
  const { id, turns, omittedTurns } = conversation;
  const isAnswering = store.isAnswering(id);
  const caller = isAnswering ? null : turns.findLast(({ kind }) => kind === "answer");
  const pendingIds = pendingToolCalls(conversation)
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
        pendingIds={turn === caller ? pendingIds : ""}
      />
    </div>
  ));
}

/** Marks the end of the turns that are no longer sent to the model. */
function OmittedNote({ conversationId }: { readonly conversationId: string }) {
  const { store } = useApp();
  return (
    <p className="omitted-note">
      The messages above are no longer sent to the model, because the conversation was too long.{" "}
      <button type="button" className="link" onClick={() => store.restoreOmitted(conversationId)}>
        Include them again
      </button>
    </p>
  );
}

type TurnProps = Omit<AnswerProps, "answer"> & { readonly turn: ChatTurn };

const TurnView = memo(function TurnView({ turn, ...rest }: TurnProps) {
  switch (turn.kind) {
    case "question":
      return <QuestionView question={turn} {...rest} />;
    case "answer":
      return <AnswerView answer={turn} {...rest} />;
    case "tool-result":
      return (
        <article className="tool-result" aria-label={`Result of ${turn.name}`}>
          <span className="tool-result-name">{turn.name} returned</span>
          <pre>{turn.text}</pre>
        </article>
      );
  }
});
