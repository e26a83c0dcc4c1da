// The field for the next message and its files. The user can type while an answer streams.

import { useState } from "react";
import { readyFiles } from "../../chat/drafts.ts";
import { hasRunningAnswer } from "../../conversation/conversation.ts";
import { problemsOf } from "../../conversation/settings.ts";
import { useApp, useCurrent, useDraft, useOpen } from "../context.ts";
import { Form } from "../form.tsx";
import { withKeys } from "../shortcuts/platform.ts";
import { AttachButton, SendButton, StopButton } from "./composer-buttons.tsx";
import { ContextFitNote } from "./context-fit-note.tsx";
import { DraftFiles } from "./draft-files.tsx";
import { DropTarget } from "./drop-target.tsx";
import { MessageField } from "./message-field.tsx";
import { useFileTokens } from "./use-file-tokens.ts";

export function Composer() {
  const open = useOpen();
  const { store, drafts } = useApp();
  const conversation = useCurrent();
  const { id } = conversation;
  const [draft, key] = useDraft();
  const tokens = useFileTokens(draft.files);
  const isAnswering = hasRunningAnswer(conversation);
  const [wantedToSend, setWantedToSend] = useState(false);
  const problems = Object.values(problemsOf(conversation.settings));
  const isReading = draft.files.some(({ text }) => text === null);
  const isEmpty = draft.text.trim() === "" && draft.files.length === 0;
  const canSend = !isEmpty && !isReading && !isAnswering && problems.length === 0;
  const send = () => {
    setWantedToSend(isAnswering && !isEmpty);
    if (!canSend) return;
    const files = readyFiles(draft);
    drafts.clear(key);
    store.ask(id, draft.text.trim(), files);
  };
  return (
    <Form className="composer" onSubmit={send}>
      {problems.length > 0 && (
        <p className="notice is-warning" role="alert">
          {problems[0]}{" "}
          <button type="button" className="link" onClick={() => open("settings")}>
            Open settings
          </button>
        </p>
      )}
      <FileProblems />
      <ContextFitNote tokens={tokens} />
      <div className="composer-box">
        <DraftFiles tokens={tokens} />
        <div className="composer-row">
          <AttachButton />
          <MessageField onSend={send} />
          {isAnswering ? (
            <StopButton onStop={() => store.stop(id)} />
          ) : (
            <SendButton isDisabled={!canSend} />
          )}
        </div>
      </div>
      <p className="hint composer-note" role="status">
        {isAnswering &&
          wantedToSend &&
          "The answer is not complete. Stop it with Escape or the stop button, or send your message when it ends."}
      </p>
      <p className="hint composer-hint">
        Enter to send, Shift+Enter for a new line, Escape to stop.{" "}
        <button
          type="button"
          className="link"
          title={withKeys("Keyboard shortcuts", "shortcuts")}
          onClick={() => open("shortcuts")}
        >
          Shortcuts
        </button>
      </p>
      <DropTarget />
    </Form>
  );
}

/** Why files could not be attached. */
function FileProblems() {
  const { drafts } = useApp();
  const [{ problems }, key] = useDraft();
  if (problems.length === 0) return null;
  return (
    <div className="notice is-warning" role="alert">
      <div className="file-problems">
        {problems.map((problem, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list only grows
          <p key={index}>{problem}</p>
        ))}
      </div>
      <button type="button" className="link" onClick={() => drafts.dismissProblems(key)}>
        Dismiss
      </button>
    </div>
  );
}
