// All conversations: a new one, search, and the way to each; export, import and deletion of all.

import { useMemo, useState } from "react";
import { search } from "../../conversation/search.ts";
import { useApp, useChats } from "../context.ts";
import { Icon, IconButton } from "../icons.tsx";
import { ThemeButton } from "../theme-button.tsx";
import { ConversationItem } from "./conversation-item.tsx";
import { HistoryMenu } from "./history-menu.tsx";

type SidebarProps = { readonly isOpen: boolean; readonly onClose: () => void };

export function Sidebar({ isOpen, onClose }: SidebarProps) {
  const { store } = useApp();
  const { conversations, currentId } = useChats();
  const [words, setWords] = useState("");
  const kept = conversations.filter(({ turns }) => turns.length > 0);
  const found = useMemo(() => (words.trim() === "" ? null : search(kept, words)), [kept, words]);
  const closeOnPhone = () => {
    if (matchMedia("(max-width: 60rem)").matches) onClose();
  };
  const shown =
    found?.map(({ conversation, snippet }) => ({ conversation, snippet })) ??
    kept.map((conversation) => ({ conversation, snippet: null }));
  return (
    <>
      <nav className="sidebar" aria-label="Conversations" inert={!isOpen}>
        <div className="sidebar-head">
          <a className="brand" href="..">
            <img src="../favicon.svg" width="24" height="24" alt="" />
            Sluice
          </a>
          <ThemeButton />
          <IconButton icon="close" label="Hide the conversations" onClick={onClose} />
        </div>
        <button
          type="button"
          className="button new-chat"
          onClick={() => {
            store.begin();
            closeOnPhone();
          }}
        >
          <Icon name="plus" size={18} />
          New chat
        </button>
        {kept.length > 0 && (
          <label className="search">
            <Icon name="search" size={16} />
            <span className="visually-hidden">Search the conversations</span>
            <input
              type="search"
              placeholder="Search"
              value={words}
              onChange={(event) => setWords(event.currentTarget.value)}
            />
          </label>
        )}
        <ul className="conversations">
          {shown.map(({ conversation, snippet }) => (
            <ConversationItem
              key={conversation.id}
              conversation={conversation}
              snippet={snippet}
              isCurrent={conversation.id === currentId}
              onSelect={() => {
                store.select(conversation.id);
                closeOnPhone();
              }}
            />
          ))}
        </ul>
        {kept.length === 0 && (
          <p className="hint">Your conversations are kept here, in this browser.</p>
        )}
        {found?.length === 0 && <p className="hint">Nothing has these words.</p>}
        <HistoryMenu />
      </nav>
      {isOpen && (
        <button
          type="button"
          className="sidebar-veil"
          aria-label="Hide the conversations"
          onClick={onClose}
        />
      )}
    </>
  );
}
