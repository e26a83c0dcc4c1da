// The buttons beside the message: attach files, send, stop.

import { chooseFiles } from "../../browser/files.ts";
import { useApp, useDraft } from "../context.ts";
import { Icon, IconButton } from "../icons.tsx";

export function AttachButton() {
  const { drafts } = useApp();
  const [, key] = useDraft();
  const attach = async () => {
    await drafts.attach(key, await chooseFiles({ multiple: true }));
  };
  return (
    <IconButton
      icon="attach"
      label="Attach files"
      className="attach-button"
      onClick={() => void attach()}
    />
  );
}

export function SendButton({ isDisabled }: { readonly isDisabled: boolean }) {
  return (
    <button
      type="submit"
      className="send-button"
      aria-label="Send"
      title="Send (Enter)"
      disabled={isDisabled}
    >
      <Icon name="send" />
    </button>
  );
}

export function StopButton({ onStop }: { readonly onStop: () => void }) {
  return (
    <button
      type="button"
      className="send-button is-stop"
      aria-label="Stop generating"
      title="Stop generating (Escape)"
      onClick={onStop}
    >
      <Icon name="stop" />
    </button>
  );
}
