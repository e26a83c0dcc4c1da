// Explains why an answer failed and offers what the user can do next.

import type { ChatAnswer, RequestFailure } from "../../conversation/conversation.ts";
import { omitOldest } from "../../conversation/edits.ts";
import { useApp, useCurrent, useOpen } from "../context.ts";
import { duration } from "../format.ts";
import { useClock } from "../use-clock.ts";
import { overflowText } from "./overflow-text.ts";

type FailureProps = {
  readonly conversationId: string;
  readonly answer: ChatAnswer;
  readonly failure: RequestFailure;
  readonly isLast: boolean;
};

export function FailureView(props: FailureProps) {
  const { failure, isLast } = props;
  const conversation = useCurrent();
  const canOmit = omitOldest(conversation, 1) !== conversation;
  const { title, text = failure.message, advice } = explain(failure, canOmit);
  return (
    <div className="failure" role="alert">
      <strong>{title}</strong>
      <p>{text}</p>
      {advice && <p>{advice}</p>}
      {isLast && <Actions {...props} canOmit={canOmit} />}
    </div>
  );
}

type ActionsProps = FailureProps & { readonly canOmit: boolean };

function Actions({ conversationId, answer, failure, canOmit }: ActionsProps) {
  const open = useOpen();
  const { store } = useApp();
  const retryAtMs = failure.retryAtMs ?? 0;
  const waitMs = Math.max(0, retryAtMs - useClock(retryAtMs));
  const retry = () => store.regenerate(conversationId, answer.id);
  const omit = async () => {
    // If the server is unreachable, the retry shows that error.
    await store.omitOldest(conversationId).catch(() => {});
    retry();
  };
  return (
    <div className="form-buttons">
      {failure.status === 401 && (
        <button type="button" className="button is-main" onClick={() => open("key")}>
          Enter key
        </button>
      )}
      {failure.code === "context_length_exceeded" && canOmit && (
        <button type="button" className="button is-main" onClick={() => void omit()}>
          Omit oldest messages
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
      <button type="button" className="button" disabled={waitMs > 0} onClick={retry}>
        {waitMs > 0 ? `Try again in ${Math.ceil(waitMs / 1000)} s` : "Try again"}
      </button>
    </div>
  );
}

/** The text is the server's message unless the page has a better one. */
type Explanation = { readonly title: string; readonly text?: string; readonly advice?: string };

function explain(
  { status, code, message, retryAtMs }: RequestFailure,
  canOmit: boolean,
): Explanation {
  const wait = retryAtMs === null ? "" : ` for ${duration(Math.max(0, retryAtMs - Date.now()))}`;
  switch (code) {
    case "unreachable":
      return { title: "No connection", advice: "Check the server and your network." };
    case "connection_lost":
      return { title: "Connection lost", advice: "The partial answer is kept." };
    case "context_length_exceeded":
      return overflowText(message, canOmit);
    case "worker_crashed":
      return { title: "The model process crashed", advice: "The model restarts automatically." };
    case "not_found":
      return {
        title: "The server no longer has this answer",
        advice: "The partial answer is kept.",
      };
    case "invalid_settings":
      return { title: "Invalid settings" };
  }
  switch (status) {
    case 401:
      return { title: "This server requires an API key" };
    case 403:
      return { title: "Not allowed" };
    case 413:
      return { title: "The conversation is too large to send", advice: "Start a new chat." };
    case 429:
      return { title: "Too many requests", advice: `The server asks you to wait${wait}.` };
    case 503:
      return { title: "The server is busy", advice: `The server asks you to wait${wait}.` };
    case 504:
      return { title: "The request timed out" };
    default:
      return { title: "The answer failed" };
  }
}
