// Asks the user for the server's API key.

import { useState } from "react";
import { useApp, useCurrent } from "../context.ts";
import { Form } from "../form.tsx";
import { Dialog } from "./dialog.tsx";

export function KeyDialog({ onClose }: { readonly onClose: () => void }) {
  const { apiKey, status, store } = useApp();
  const { id, turns } = useCurrent();
  const [key, setKey] = useState("");
  const [isRemembered, setRemembered] = useState(false);
  const save = async () => {
    apiKey.set(key.trim(), isRemembered);
    await status.refresh();
    if (status.get().failure?.status === 401) return setKey(""); // wrong key: the dialog stays open
    onClose();
    const last = turns.at(-1);
    if (last?.kind === "answer" && last.failure?.status === 401) store.regenerate(id, last.id);
  };
  const wasWrong = apiKey.get() !== null && status.get().failure?.status === 401;
  return (
    <Dialog title="API key" onClose={onClose} className="is-small">
      <Form onSubmit={() => void save()}>
        <p>{wasWrong ? "The server rejected this key." : "This server requires an API key."}</p>
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
          Remember in this browser (otherwise only until this tab is closed)
        </label>
        <div className="form-buttons">
          <button type="submit" className="button is-main" disabled={key.trim() === ""}>
            Use this key
          </button>
        </div>
      </Form>
    </Dialog>
  );
}

/** Sets the attribute for the browser, which focuses the field when it opens the dialog. React's autoFocus acts too early. */
function focusAtOpening(field: HTMLInputElement | null): void {
  field?.setAttribute("autofocus", "");
}
