// Asks before something is deleted for good.

import { Dialog } from "./dialog.tsx";

type ConfirmProps = {
  readonly title: string;
  readonly text: string;
  /** The name of the button that confirms. */
  readonly action: string;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
};

export function ConfirmDialog({ title, text, action, onConfirm, onClose }: ConfirmProps) {
  return (
    <Dialog title={title} onClose={onClose} className="is-small">
      <p>{text}</p>
      <div className="form-buttons">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button
          type="button"
          className="button is-danger"
          onClick={() => {
            onClose();
            onConfirm();
          }}
        >
          {action}
        </button>
      </div>
    </Dialog>
  );
}
