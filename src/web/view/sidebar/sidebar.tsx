// The list of conversations with search, the "New chat" button, and the actions on all conversations.

import { useMemo, useState } from "react";
import type { Conversation } from "../../conversation/conversation.ts";
import { search } from "../../conversation/search.ts";
import { useApp, useChats } from "../context.ts";
import { Icon, IconButton } from "../icons.tsx";
import { withKeys } from "../shortcuts/platform.ts";
import { chatGroups } from "./chat-groups.ts";
import { ConversationItem } from "./conversation-item.tsx";
import { HistoryMenu } from "./history-menu.tsx";
import { ThemeButton } from "./theme-button.tsx";

type SidebarProps = { readonly isOpen: boolean; readonly onClose: () => void };

export function Sidebar({ isOpen, onClose }: SidebarProps) {
  const { store } = useApp();
  const { conversations, currentId } = useChats();
  const [words, setWords] = useState("");
  const saved = conversations.filter(({ turns }) => turns.length > 0);
  const found = useMemo(() => (words.trim() === "" ? null : search(saved, words)), [saved, words]);
  const closeOnPhone = () => {
    if (matchMedia("(max-width: 60rem)").matches) onClose();
  };
  const item = (conversation: Conversation, snippet: string | null) => (
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
  );
  return (
    <>
      <nav className="sidebar" aria-label="Chats" inert={!isOpen}>
        <div className="sidebar-head">
          <a className="brand" href="./">
            <img src="./favicon.svg" width="24" height="24" alt="" />
            Sluice
          </a>
          <ThemeButton />
          <IconButton
            icon="close"
            label="Hide sidebar"
            className="sidebar-close"
            onClick={onClose}
          />
        </div>
        <button
          type="button"
          className="button new-chat"
          title={withKeys("New chat", "new-chat")}
          onClick={() => {
            store.startNew();
            closeOnPhone();
          }}
        >
          <Icon name="plus" size={18} />
          New chat
        </button>
        {saved.length > 0 && (
          <label className="search">
            <Icon name="search" size={16} />
            <span className="visually-hidden">Search chats</span>
            <input
              type="search"
              placeholder="Search"
              title={withKeys("Search chats", "search")}
              value={words}
              onChange={(event) => setWords(event.currentTarget.value)}
            />
          </label>
        )}
        <div className="conversations">
          {found ? (
            <ul>{found.map(({ conversation, snippet }) => item(conversation, snippet))}</ul>
          ) : (
            chatGroups(saved, Date.now()).map(({ name, conversations: members }) => (
              <section key={name} aria-label={name}>
                <h2 className="conversations-name">{name}</h2>
                <ul>{members.map((conversation) => item(conversation, null))}</ul>
              </section>
            ))
          )}
        </div>
        {saved.length === 0 && (
          <p className="hint">Your chats appear here. They are stored only in this browser.</p>
        )}
        {found?.length === 0 && <p className="hint">No chats found.</p>}
        <HistoryMenu />
      </nav>
      {isOpen && (
        <button
          type="button"
          className="sidebar-veil"
          aria-label="Hide sidebar"
          onClick={onClose}
        />
      )}
    </>
  );
}
