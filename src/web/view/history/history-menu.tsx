// What concerns all conversations: to a file, from a file, away.

import { useState } from "react";
import { chooseFile, saveFile } from "../../browser/files.ts";
import { fromJson, toJson } from "../../conversation/export.ts";
import { useApp, useChats } from "../context.ts";
import { Dialog } from "../dialogs/dialog.tsx";

export function HistoryMenu() {
  const { store } = useApp();
  const { conversations } = useChats();
  const [said, setSaid] = useState("");
  const [isAsked, setAsked] = useState(false);
  const kept = conversations.filter(({ turns }) => turns.length > 0);
  const read = async () => {
    const text = await chooseFile("application/json,.json");
    if (text === null) return;
    try {
      const added = store.add(fromJson(text));
      setSaid(added === 1 ? "1 conversation was added." : `${added} conversations were added.`);
    } catch (error) {
      setSaid(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <div className="sidebar-foot">
      <p className="hint" role="status">
        {said}
      </p>
      <button type="button" className="link" onClick={() => void read()}>
        Import
      </button>
      {kept.length > 0 && (
        <>
          <button
            type="button"
            className="link"
            onClick={() => saveFile("sluice-conversations.json", toJson(kept))}
          >
            Export all
          </button>
          <button type="button" className="link" onClick={() => setAsked(true)}>
            Delete all
          </button>
        </>
      )}
      <a className="link" href="../docs">
        API
      </a>
      {isAsked && (
        <Dialog
          title="Delete all conversations?"
          onClose={() => setAsked(false)}
          className="is-small"
        >
          <p>They are kept in this browser only, and cannot be brought back.</p>
          <div className="form-buttons">
            <button type="button" className="button" onClick={() => setAsked(false)}>
              Keep them
            </button>
            <button
              type="button"
              className="button is-danger"
              onClick={() => {
                setAsked(false);
                void store.removeAll();
              }}
            >
              Delete {kept.length === 1 ? "it" : `all ${kept.length}`}
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}
