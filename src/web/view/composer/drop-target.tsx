// Files dropped anywhere on the page are attached to the message. While they are dragged over it, the page says so.

import { useEffect, useState } from "react";
import { useApp, useDraft } from "../context.ts";
import { Icon } from "../icons.tsx";

export function DropTarget() {
  const { drafts } = useApp();
  const [, key] = useDraft();
  const isDragging = useDroppedFiles((files) => void drafts.attach(key, files));
  if (!isDragging) return null;
  return (
    <div className="drop-target" aria-hidden="true">
      <p>
        <Icon name="attach" size={28} />
        Drop text files or PDFs to attach them
      </p>
    </div>
  );
}

/** @returns whether files are dragged over the page */
function useDroppedFiles(onFiles: (files: readonly File[]) => void): boolean {
  const [isDragging, setDragging] = useState(false);
  useEffect(() => {
    const abort = new AbortController();
    const on = (type: "dragover" | "dragleave" | "drop", listen: (event: DragEvent) => void) =>
      addEventListener(type, listen, { signal: abort.signal });
    on("dragover", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault(); // otherwise the browser opens the dropped file instead of the page
      if (event.dataTransfer) event.dataTransfer.dropEffect = isBlocked() ? "none" : "copy";
      setDragging(!isBlocked());
    });
    on("dragleave", ({ relatedTarget }) => {
      if (relatedTarget === null) setDragging(false); // the pointer has left the window
    });
    on("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setDragging(false);
      if (!isBlocked()) onFiles([...(event.dataTransfer?.files ?? [])]);
    });
    return () => abort.abort();
  }, [onFiles]);
  return isDragging;
}

function hasFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes("Files") ?? false;
}

/** The message is behind a dialog. */
function isBlocked(): boolean {
  return document.querySelector("dialog[open]") !== null;
}
