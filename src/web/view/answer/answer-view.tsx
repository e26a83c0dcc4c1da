// One answer of the model: its reasoning, text, tool calls, state, and the actions on it.

import { Suspense } from "react";
import { type ChatAnswer, hasEnded, type Phase } from "../../conversation/conversation.ts";
import { useApp } from "../context.ts";
import { CopyButton } from "../copy-button.tsx";
import { IconButton } from "../icons.tsx";
import { type VersionProps, VersionSwitch } from "../transcript/version-switch.tsx";
import { FailureView } from "./failure-view.tsx";
import { Markdown } from "./lazy-markdown.tsx";
import { phaseText } from "./phase-text.ts";
import { ReasoningView } from "./reasoning-view.tsx";
import { StatisticsLine } from "./statistics-line.tsx";
import { ToolCallsView } from "./tool-calls-view.tsx";

export type AnswerProps = VersionProps & {
  readonly answer: ChatAnswer;
  readonly isLast: boolean;
  /** Ids of tool calls without a result, separated by spaces. A string, so that `memo` can compare it. */
  readonly pendingIds: string;
};

export function AnswerView(props: AnswerProps) {
  const { conversationId, answer, isLast, pendingIds } = props;
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
        />
      )}
      {!isStreaming && <AnswerTools {...props} />}
    </article>
  );
}

/** Shows what an answer is waiting for while it has no text. */
function PhaseLine({ phase }: { readonly phase: Phase }) {
  const progress = progressOf(phase);
  return (
    <p className="phase-line">
      <span className="pulse" aria-hidden="true" />
      {phaseText(phase)}
      {progress !== null && <progress value={progress} aria-label={phaseText(phase)} />}
    </p>
  );
}

function progressOf(phase: Phase): number | null {
  if (phase.type === "loading") return phase.progress;
  if (phase.type === "reading" && phase.total > 0) return phase.processed / phase.total;
  return null;
}

function EndNote({ answer: { finishReason, text, calls } }: { readonly answer: ChatAnswer }) {
  if (finishReason === "length") return <p className="ended-note">Cut off at the token limit</p>;
  if (text === "" && calls.length === 0)
    return <p className="ended-note">The model returned an empty answer</p>;
  return null;
}

function AnswerTools(props: AnswerProps) {
  const { conversationId, answer, isLast, isAnswering } = props;
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
      <VersionSwitch {...props} />
      <StatisticsLine answer={answer} />
    </div>
  );
}
