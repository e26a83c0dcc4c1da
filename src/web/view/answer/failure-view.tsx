// What went wrong, in words that say what to do; and the way on from there.

import { useEffect, useState } from "react";
import type { Answer, Failure } from "../../conversation/conversation.ts";
import { useApp } from "../context.ts";
import { duration } from "../format.ts";

type FailureProps = {
  readonly conversationId: string;
  readonly answer: Answer;
  readonly failure: Failure;
  readonly isLast: boolean;
  readonly onKey: () => void;
};

export function FailureView(props: FailureProps) {
  const { failure, isLast } = props;
  const { title, advice } = wordsFor(failure);
  return (
    <div className="failure" role="alert">
      <strong>{title}</strong>
      <p>{failure.message}</p>
      {advice && <p>{advice}</p>}
      {isLast && <Ways {...props} />}
    </div>
  );
}

function Ways({ conversationId, answer, failure, onKey }: FailureProps) {
  const { store } = useApp();
  const waitMs = useCountdown(failure.retryAtMs);
  const [canLeaveOut, setCanLeaveOut] = useState(true);
  const again = () => store.regenerate(conversationId, answer.id);
  const leaveOut = async () => {
    // A server that cannot be asked says so to the next try as well.
    const hasLess = await store.leaveOutOldest(conversationId).catch(() => true);
    if (hasLess) again();
    else setCanLeaveOut(false);
  };
  return (
    <div className="form-buttons">
      {failure.status === 401 && (
        <button type="button" className="button is-main" onClick={onKey}>
          Enter the key
        </button>
      )}
      {failure.code === "context_length_exceeded" && (
        <button
          type="button"
          className="button is-main"
          disabled={!canLeaveOut}
          onClick={() => void leaveOut()}
        >
          {canLeaveOut ? "Leave out the oldest turns" : "There is nothing to leave out"}
        </button>
      )}
      {answer.text !== "" && (
        <button
          type="button"
          className="button is-main"
          disabled={waitMs > 0}
          onClick={() => store.continue(conversationId, answer.id)}
        >
          Continue
        </button>
      )}
      <button type="button" className="button" disabled={waitMs > 0} onClick={again}>
        {waitMs > 0 ? `Try again in ${Math.ceil(waitMs / 1000)} s` : "Try again"}
      </button>
    </div>
  );
}

const TICK_MS = 250;

/** What is left of the wait, in ms. */
function useCountdown(untilMs: number | null): number {
  const left = () => Math.max(0, (untilMs ?? 0) - Date.now());
  const [leftMs, setLeft] = useState(left);
  const isOver = leftMs === 0;
  useEffect(() => {
    if (isOver) return;
    const timer = setInterval(() => setLeft(Math.max(0, (untilMs ?? 0) - Date.now())), TICK_MS);
    return () => clearInterval(timer);
  }, [isOver, untilMs]);
  return leftMs;
}

type Words = { readonly title: string; readonly advice?: string };

function wordsFor({ status, code, retryAtMs }: Failure): Words {
  const wait = retryAtMs === null ? "" : ` for ${duration(Math.max(0, retryAtMs - Date.now()))}`;
  switch (code) {
    case "unreachable":
      return { title: "No connection", advice: "Is the server running, and the network there?" };
    case "connection_lost":
      return { title: "The connection was lost", advice: "What came of the answer is kept." };
    case "context_length_exceeded":
      return {
        title: "The conversation no longer fits",
        advice:
          "The model reads no more than its context holds. What is left out stays here to be read.",
      };
    case "worker_crashed":
      return { title: "The model's process died", advice: "It is started anew by itself." };
    case "not_found":
      return { title: "The server no longer has this answer", advice: "What came of it is kept." };
    case "invalid_settings":
      return { title: "The settings cannot be sent" };
  }
  switch (status) {
    case 401:
      return { title: "This server wants an API key" };
    case 403:
      return { title: "This is not allowed" };
    case 413:
      return {
        title: "The conversation is too large to be sent",
        advice: "A new chat begins anew.",
      };
    case 429:
      return { title: "Too many requests", advice: `The server asks to wait${wait}.` };
    case 503:
      return { title: "The server cannot take it now", advice: `It asks to wait${wait}.` };
    case 504:
      return { title: "It took too long" };
    default:
      return { title: "The answer failed" };
  }
}
