// One answer of the model: where it is, what it thinks, says and calls, how it ended, and what can be done with it.

import { lazy, Suspense } from "react";
import { type Answer, hasEnded } from "../../conversation/conversation.ts";
import { useApp } from "../context.ts";
import { CopyButton } from "../copy-button.tsx";
import { IconButton } from "../icons.tsx";
import { markdown } from "../lazy-markdown.tsx";
import { CallsView } from "./calls-view.tsx";
import { FailureView } from "./failure-view.tsx";
import { NumbersLine } from "./numbers-line.tsx";
import { PhaseLine } from "./phase-line.tsx";
import { ThoughtsView } from "./reasoning-view.tsx";

const Markdown = lazy(async () => ({ default: await markdown }));

type AnswerProps = {
  readonly conversationId: string;
  readonly answer: Answer;
  readonly isLast: boolean;
  readonly isAnswering: boolean;
  readonly waitingIds: string;
  readonly onKey: () => void;
};

export function AnswerView(props: AnswerProps) {
  const { conversationId, answer, isLast, waitingIds, onKey } = props;
  const { text, thoughts, calls, phase, failure } = answer;
  const isStreaming = !hasEnded(answer);
  const isWriting = phase.type === "writing";
  return (
    <article className="answer" aria-label="Answer" aria-busy={isStreaming} data-phase={phase.type}>
      {thoughts !== "" && <ThoughtsView answer={answer} />}
      {text !== "" && (
        <Suspense fallback={<div className="answer-plain">{text}</div>}>
          <Markdown text={text} isStreaming={isWriting} />
        </Suspense>
      )}
      {calls.length > 0 && (
        <CallsView
          conversationId={conversationId}
          calls={calls}
          waitingIds={waitingIds}
          isStreaming={isStreaming}
        />
      )}
      {isStreaming && !isWriting && <PhaseLine phase={phase} />}
      {phase.type === "stopped" && <p className="ended-note">Stopped</p>}
      {phase.type === "done" && <EndNote answer={answer} />}
      {failure && (
        <FailureView
          conversationId={conversationId}
          answer={answer}
          failure={failure}
          isLast={isLast}
          onKey={onKey}
        />
      )}
      {!isStreaming && <AnswerTools {...props} />}
    </article>
  );
}

function EndNote({ answer: { finishReason, text, calls } }: { readonly answer: Answer }) {
  if (finishReason === "length")
    return <p className="ended-note">Cut off: the limit of tokens was reached</p>;
  if (text === "" && calls.length === 0)
    return <p className="ended-note">The model had nothing to say</p>;
  return null;
}

function AnswerTools({ conversationId, answer, isLast, isAnswering }: AnswerProps) {
  const { store } = useApp();
  // One that failed offers it beside its reason.
  const isCut = answer.phase.type === "stopped" || answer.finishReason === "length";
  const canGoOn = isLast && isCut && answer.text !== "" && answer.calls.length === 0;
  return (
    <div className="turn-tools">
      <CopyButton text={answer.text} label="Copy the answer" />
      {canGoOn && (
        <IconButton
          icon="play"
          label="Continue the answer"
          isDisabled={isAnswering}
          onClick={() => store.continue(conversationId, answer.id)}
        />
      )}
      <IconButton
        icon="again"
        label="Answer again"
        isDisabled={isAnswering}
        onClick={() => store.regenerate(conversationId, answer.id)}
      />
      <NumbersLine answer={answer} />
    </div>
  );
}
