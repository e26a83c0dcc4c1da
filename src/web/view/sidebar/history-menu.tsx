// Actions on all conversations: import, export, delete.

import { useState } from "react";
import { chooseFile } from "../../browser/files.ts";
import { useApp, useChats } from "../context.ts";
import { ConfirmDialog } from "../dialogs/confirm-dialog.tsx";
import { useBriefText } from "../use-brief-text.ts";
import { readChats, saveChats } from "./chat-files.ts";

/** How long the result of an import is shown. */
const MESSAGE_MS = 8_000;

export function HistoryMenu() {
  const { store } = useApp();
  const { conversations } = useChats();
  const [message, setMessage] = useBriefText(MESSAGE_MS);
  const [isConfirming, setConfirming] = useState(false);
  const stored = conversations.filter(({ turns }) => turns.length > 0);
  const importFile = async () => {
    const text = await chooseFile("application/json,.json");
    if (text === null) return;
    setMessage("");
    try {
      const added = store.add(await readChats(text));
      setMessage(added === 1 ? "1 chat imported." : `${added} chats imported.`);
    } catch (error) {
      setMessage(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <div className="sidebar-foot">
      <p className="hint" role="status">
        {message}
      </p>
      <button type="button" className="link" onClick={() => void importFile()}>
        Import
      </button>
      {stored.length > 0 && (
        <button type="button" className="link" onClick={() => void saveChats(stored)}>
          Export all
        </button>
      )}
      <a className="link" href="./docs">
        API
      </a>
      {stored.length > 0 && (
        <button type="button" className="link is-danger" onClick={() => setConfirming(true)}>
          Delete all
        </button>
      )}
      {isConfirming && (
        <ConfirmDialog
          title="Delete all chats?"
          text="Your chats are stored only in this browser. This cannot be undone."
          action={`Delete ${stored.length === 1 ? "1 chat" : `${stored.length} chats`}`}
          onConfirm={() => void store.removeAll()}
          onClose={() => setConfirming(false)}
        />
      )}
    </div>
  );
}
