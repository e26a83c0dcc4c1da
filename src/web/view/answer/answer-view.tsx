// One answer of the model: its reasoning, text, tool calls, state, and the actions on it.

import { lazy, Suspense } from "react";
import { type ChatAnswer, hasEnded } from "../../conversation/conversation.ts";
import { useApp } from "../context.ts";
import { CopyButton } from "../copy-button.tsx";
import { IconButton } from "../icons.tsx";
import { FailureView } from "./failure-view.tsx";
import { markdown } from "./lazy-markdown.tsx";
import { PhaseLine } from "./phase-line.tsx";
import { ReasoningView } from "./reasoning-view.tsx";
import { StatisticsLine } from "./statistics-line.tsx";
import { ToolCallsView } from "./tool-calls-view.tsx";

const Markdown = lazy(async () => ({ default: await markdown }));

export type AnswerProps = {
  readonly conversationId: string;
  readonly answer: ChatAnswer;
  readonly isLast: boolean;
  readonly isAnswering: boolean;
  /** Ids of tool calls without a result, separated by spaces. A string, so that `memo` can compare it. */
  readonly pendingIds: string;
  readonly onKey: () => void;
};

export function AnswerView(props: AnswerProps) {
  const { conversationId, answer, isLast, pendingIds, onKey } = props;
  const { text, thoughts, calls, phase, failure } = answer;
  const isStreaming = !hasEnded(answer);
  const isWriting = phase.type === "writing";
  return (
    <article className="answer" aria-label="Answer" aria-busy={isStreaming} data-phase={phase.type}>
      {thoughts !== "" && <ReasoningView answer={answer} />}
      {text !== "" && (
        <Suspense fallback={<div className="answer-plain">{text}</div>}>
          <Markdown text={text} isStreaming={isWriting} />
        </Suspense>
      )}
      {calls.length > 0 && (
        <ToolCallsView
          conversationId={conversationId}
          calls={calls}
          pendingIds={pendingIds}
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

function EndNote({ answer: { finishReason, text, calls } }: { readonly answer: ChatAnswer }) {
  if (finishReason === "length") return <p className="ended-note">Cut off at the token limit</p>;
  if (text === "" && calls.length === 0)
    return <p className="ended-note">The model returned an empty answer</p>;
  return null;
}

function AnswerTools({ conversationId, answer, isLast, isAnswering }: AnswerProps) {
  const { store } = useApp();
  // A failed answer has its Continue button in FailureView.
  const isCutOff = answer.phase.type === "stopped" || answer.finishReason === "length";
  const canContinue = isLast && isCutOff && answer.text !== "" && answer.calls.length === 0;
  return (
    <div className="turn-tools">
      <CopyButton text={answer.text} label="Copy answer" />
      {canContinue && (
        <IconButton
          icon="play"
          label="Continue generating"
          isDisabled={isAnswering}
          onClick={() => store.continue(conversationId, answer.id)}
        />
      )}
      <IconButton
        icon="again"
        label="Regenerate"
        isDisabled={isAnswering}
        onClick={() => store.regenerate(conversationId, answer.id)}
      />
      <StatisticsLine answer={answer} />
    </div>
  );
}
