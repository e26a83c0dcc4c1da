// A message of the user, which can be edited and sent again.

import { Suspense, useState } from "react";
import type { ChatQuestion } from "../../conversation/conversation.ts";
import { TypedMarkdown } from "../answer/lazy-markdown.tsx";
import { isSendKey } from "../composer/send-key.ts";
import { useApp } from "../context.ts";
import { CopyButton } from "../copy-button.tsx";
import { Form } from "../form.tsx";
import { IconButton } from "../icons.tsx";
import { Folded } from "./folded.tsx";
import { QuestionFiles } from "./question-files.tsx";
import { type VersionProps, VersionSwitch } from "./version-switch.tsx";

type QuestionProps = VersionProps & { readonly question: ChatQuestion };

export function QuestionView(props: QuestionProps) {
  const { conversationId, question } = props;
  const { store } = useApp();
  const [isEditing, setEditing] = useState(false);
  if (isEditing)
    return (
      <QuestionForm
        text={question.text}
        onCancel={() => setEditing(false)}
        onSend={(text) => {
          setEditing(false);
          store.edit(conversationId, question.id, text);
        }}
      />
    );
  return (
    <article className="question" aria-label="You">
      {question.files && <QuestionFiles files={question.files} />}
      {question.text !== "" && <QuestionText text={question.text} />}
      <div className="turn-tools">
        <CopyButton text={question.text} label="Copy message" />
        <IconButton icon="edit" label="Edit message" onClick={() => setEditing(true)} />
        <VersionSwitch {...props} />
      </div>
    </article>
  );
}

function QuestionText({ text }: { readonly text: string }) {
  return (
    <div className="question-text">
      <Folded>
        <Suspense fallback={<div className="answer-plain">{text}</div>}>
          <TypedMarkdown text={text} />
        </Suspense>
      </Folded>
    </div>
  );
}

type FormProps = {
  readonly text: string;
  readonly onCancel: () => void;
  readonly onSend: (text: string) => void;
};

function QuestionForm({ text, onCancel, onSend }: FormProps) {
  const [draft, setDraft] = useState(text);
  const send = () => {
    if (draft.trim() !== "") onSend(draft.trim());
  };
  return (
    <Form className="question-form" onSubmit={send}>
      <textarea
        aria-label="Edited text"
        // biome-ignore lint/a11y/noAutofocus: the user has just opened it
        autoFocus
        rows={Math.min(16, Math.max(3, draft.split("\n").length))}
        value={draft}
        onFocus={({ currentTarget: field }) =>
          field.setSelectionRange(field.value.length, field.value.length)
        }
        onChange={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && !event.nativeEvent.isComposing) {
            event.preventDefault();
            onCancel();
          } else if (isSendKey(event)) {
            event.preventDefault();
            send();
          }
        }}
      />
      <p className="hint">The earlier message and its answers are kept as another version.</p>
      <div className="form-buttons">
        <button type="button" className="button" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" className="button is-main" disabled={draft.trim() === ""}>
          Send
        </button>
      </div>
    </Form>
  );
}
