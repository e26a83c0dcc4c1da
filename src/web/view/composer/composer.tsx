// The field for the next message. The user can type while an answer streams.

import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { hasRunningAnswer } from "../../conversation/conversation.ts";
import { problemsOf } from "../../conversation/settings.ts";
import { useApp, useCurrent, useOpen } from "../context.ts";
import { Form } from "../form.tsx";
import { Icon } from "../icons.tsx";
import { isSendKey } from "./send-key.ts";

/** Unsent text by conversation, kept until the page is closed. */
const drafts = new Map<string, string>();

export function Composer() {
  const open = useOpen();
  const { store } = useApp();
  const conversation = useCurrent();
  const { id } = conversation;
  const [draft, setDraft] = useDraft(id);
  const field = useGrowingField(draft);
  const isAnswering = hasRunningAnswer(conversation);
  const problems = Object.values(problemsOf(conversation.settings));
  const canSend = draft.trim() !== "" && !isAnswering && problems.length === 0;
  const send = () => {
    if (!canSend) return;
    store.ask(id, draft.trim());
    setDraft("");
  };
  useEffect(() => {
    // Not on phones, where the keyboard would cover the text.
    if (matchMedia("(pointer: fine)").matches) field.current?.focus();
  }, [field]);
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
      <div className="composer-box">
        <textarea
          ref={field}
          aria-label="Message"
          placeholder="Ask anything"
          rows={1}
          enterKeyHint="send"
          value={draft}
          onChange={(event) => setDraft(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (!isSendKey(event)) return;
            event.preventDefault();
            send();
          }}
        />
        {isAnswering ? (
          <button
            type="button"
            className="send-button is-stop"
            aria-label="Stop generating"
            title="Stop generating (Escape)"
            onClick={() => store.stop(id)}
          >
            <Icon name="stop" />
          </button>
        ) : (
          <button
            type="submit"
            className="send-button"
            aria-label="Send"
            title="Send (Enter)"
            disabled={!canSend}
          >
            <Icon name="send" />
          </button>
        )}
      </div>
      <p className="hint composer-hint">
        Enter to send, Shift+Enter for a new line, Escape to stop
      </p>
    </Form>
  );
}

function useDraft(id: string): [string, (text: string) => void] {
  const [draft, setDraft] = useState(() => drafts.get(id) ?? "");
  const change = (text: string) => {
    drafts.set(id, text);
    setDraft(text);
  };
  return [draft, change];
}

/** A field that grows with its text, up to the height set by its style. */
function useGrowingField(text: string) {
  const field = useRef<HTMLTextAreaElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height depends on the text
  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);
  return field;
}
