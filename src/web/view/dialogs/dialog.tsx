// A dialog in front of the page: the browser's own, which keeps the focus inside and closes on Escape.

import { type ReactNode, useLayoutEffect, useRef } from "react";
import { IconButton } from "../icons.tsx";

type DialogProps = {
  readonly title: string;
  readonly onClose: () => void;
  readonly className?: string;
  readonly children: ReactNode;
};

export function Dialog({ title, onClose, className = "", children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  // Closed while it still stands on the page: only then the browser gives the focus back to where it was.
  useLayoutEffect(() => {
    const dialog = element.current;
    if (!dialog?.open) dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it, by the browser
    <dialog
      ref={element}
      className={`dialog ${className}`}
      aria-label={title}
      onCancel={onClose}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose(); // beside it
      }}
    >
      <div className="dialog-content">
        <div className="dialog-head">
          <h2>{title}</h2>
          <IconButton icon="close" label="Close" onClick={onClose} />
        </div>
        {children}
      </div>
    </dialog>
  );
}
