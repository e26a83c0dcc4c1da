// Asks for the API key that the server wants.

import { useState } from "react";
import { useApp, useCurrent } from "../context.ts";
import { Dialog } from "./dialog.tsx";

export function KeyDialog({ onClose }: { readonly onClose: () => void }) {
  const { apiKey, status, store } = useApp();
  const { id, turns } = useCurrent();
  const [key, setKey] = useState("");
  const [isRemembered, setRemembered] = useState(false);
  const save = async () => {
    apiKey.set(key.trim(), isRemembered);
    await status.look();
    if (status.get().failure?.status === 401) return setKey(""); // it stays open: the key is wrong
    onClose();
    const last = turns.at(-1);
    if (last?.kind === "answer" && last.failure?.status === 401) store.regenerate(id, last.id);
  };
  const wasWrong = apiKey.get() !== null && status.get().failure?.status === 401;
  return (
    <Dialog title="API key" onClose={onClose} className="is-small">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <p>
          {wasWrong
            ? "The server does not know this key."
            : "This server answers only to those who have a key."}
        </p>
        <label className="field">
          Key
          <input
            type="password"
            autoComplete="off"
            ref={focusAtOpening}
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        <label className="check">
          <input
            type="checkbox"
            checked={isRemembered}
            onChange={(event) => setRemembered(event.currentTarget.checked)}
          />
          Remember it in this browser (otherwise until the tab is closed)
        </label>
        <div className="form-buttons">
          <button type="submit" className="button is-main" disabled={key.trim() === ""}>
            Use this key
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** For the browser, when it shows the dialog: React would put the focus there before that. */
function focusAtOpening(field: HTMLInputElement | null): void {
  field?.setAttribute("autofocus", "");
}
