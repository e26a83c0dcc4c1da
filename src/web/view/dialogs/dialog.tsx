// A modal dialog based on the browser's <dialog>, which keeps the focus inside and closes on Escape.

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
  // Close the dialog before it is removed from the page; otherwise the browser does not restore the focus.
  useLayoutEffect(() => {
    const dialog = element.current;
    if (!dialog?.open) dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the browser closes it on Escape
    <dialog
      ref={element}
      className={`dialog ${className}`}
      aria-label={title}
      onCancel={onClose}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose(); // a click on the backdrop
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
