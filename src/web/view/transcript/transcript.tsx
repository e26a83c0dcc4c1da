// The turns of the conversation in a scrolling frame that follows the end of the answer.

import { memo, useMemo } from "react";
import { pendingToolCalls } from "../../chat/turns.ts";
import { type ChatTurn, hasRunningAnswer } from "../../conversation/conversation.ts";
import { versionsOf } from "../../conversation/versions.ts";
import { type AnswerProps, AnswerView } from "../answer/answer-view.tsx";
import { useApp, useCurrent } from "../context.ts";
import { Icon } from "../icons.tsx";
import { EmptyChat } from "./empty-chat.tsx";
import { QuestionView } from "./question-view.tsx";
import { useStickyEnd } from "./use-sticky-end.ts";
import { turnElementId, VersionSwitch } from "./version-switch.tsx";

export function Transcript() {
  const { turns, tree } = useCurrent();
  const last = turns.at(-1);
  // Another version that is shown is not a new turn.
  return last ? <Frame newestId={tree?.places.at(-1)?.id ?? last.id} /> : <EmptyChat />;
}

function Frame({ newestId }: { readonly newestId: string }) {
  const { frame, content, isAtEnd, toEnd } = useStickyEnd(newestId);
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
  const { id, turns, tree, omittedTurns } = conversation;
  const isOurs = store.isAnswering(id);
  const isAnswering = isOurs || hasRunningAnswer(conversation); // in another tab
  // Only a change of the tree changes the versions, not the text of an answer.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  const versions = useMemo(() => versionsOf(conversation), [id, tree]);
  const caller = isOurs ? null : turns.findLast(({ kind }) => kind === "answer");
  const pendingIds = pendingToolCalls(conversation)
    .map((call) => call.id)
    .join(" ");
  return turns.map((turn, index) => (
    <div
      key={turn.id}
      id={turnElementId(turn.id)}
      className={index < omittedTurns ? "turn is-omitted" : "turn"}
    >
      {index === omittedTurns && omittedTurns > 0 && <OmittedNote conversationId={id} />}
      <TurnView
        conversationId={id}
        turn={turn}
        isLast={index === turns.length - 1}
        isAnswering={isAnswering}
        version={versions.get(turn.id) ?? null}
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
          <VersionSwitch {...rest} />
        </article>
      );
  }
});
