// One conversation in the list, with its menu: pin, rename, export, delete.

import { type RefObject, useEffect, useRef, useState } from "react";
import { type Conversation, hasRunningAnswer } from "../../conversation/conversation.ts";
import { useApp } from "../context.ts";
import { Form } from "../form.tsx";
import { when } from "../format.ts";
import { Menu } from "../menu.tsx";
import { saveChat } from "./chat-files.ts";

type ItemProps = {
  readonly conversation: Conversation;
  /** Search result; null without a search. */
  readonly snippet: string | null;
  readonly isCurrent: boolean;
  readonly onSelect: () => void;
};

export function ConversationItem({ conversation, snippet, isCurrent, onSelect }: ItemProps) {
  const { store } = useApp();
  const [isRenaming, setRenaming] = useState(false);
  const item = useRef<HTMLLIElement>(null);
  useFocusAfter(isRenaming, item);
  const { id, title, updatedAtMs, isPinned = false } = conversation;
  if (isRenaming)
    return (
      <li ref={item}>
        <TitleForm
          title={title}
          onDone={(next) => {
            setRenaming(false);
            if (next !== null) store.rename(id, next);
          }}
        />
      </li>
    );
  return (
    <li ref={item} className={isCurrent ? "conversation is-current" : "conversation"}>
      <button
        type="button"
        className="conversation-open"
        aria-current={isCurrent ? "page" : undefined}
        onClick={onSelect}
      >
        <span className="conversation-title">{title}</span>
        <span className="conversation-note">
          {hasRunningAnswer(conversation) ? "Answering…" : (snippet ?? when(updatedAtMs))}
        </span>
      </button>
      <Menu
        label={`Options for ${title}`}
        entries={[
          { name: isPinned ? "Unpin" : "Pin", run: () => store.pin(id, !isPinned) },
          { name: "Rename", run: () => setRenaming(true) },
          { name: "Export as Markdown", run: () => void saveChat(conversation, "md") },
          { name: "Export as JSON", run: () => void saveChat(conversation, "json") },
          { name: "Delete", isDanger: true, run: () => void store.remove(id) },
        ]}
      />
    </li>
  );
}

/** Focuses the chat after its title form has closed, unless the user has clicked somewhere else. */
function useFocusAfter(isRenaming: boolean, item: RefObject<HTMLLIElement | null>): void {
  const wasRenaming = useRef(false);
  useEffect(() => {
    const isClosed = wasRenaming.current && !isRenaming;
    wasRenaming.current = isRenaming;
    if (isClosed && document.activeElement === document.body)
      item.current?.querySelector("button")?.focus();
  }, [isRenaming, item]);
}

type TitleProps = {
  readonly title: string;
  /** Called with null if the user cancels. */
  readonly onDone: (title: string | null) => void;
};

function TitleForm({ title, onDone }: TitleProps) {
  const [draft, setDraft] = useState(title);
  return (
    <Form onSubmit={() => onDone(draft)}>
      <input
        className="title-field"
        aria-label="Title"
        // biome-ignore lint/a11y/noAutofocus: the user has just opened it
        autoFocus
        value={draft}
        onFocus={(event) => event.currentTarget.select()}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onBlur={() => onDone(draft)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          onDone(null);
        }}
      />
    </Form>
  );
}
