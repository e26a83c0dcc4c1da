// The text of the message. Pasted files, and very long pasted texts, are attached instead.

import { type ClipboardEvent, useEffect, useLayoutEffect, useRef } from "react";
import { useApp, useDraft } from "../context.ts";
import { isSendKey } from "./send-key.ts";

/** A longer text would hide the rest of the message. */
const MAX_PASTED_CHARS = 2500;

export function MessageField({ onSend }: { readonly onSend: () => void }) {
  const { drafts } = useApp();
  const [{ text }, key] = useDraft();
  const field = useGrowingField(text);
  useEffect(() => {
    // Not on phones, where the keyboard would cover the text.
    if (matchMedia("(pointer: fine)").matches) field.current?.focus();
  }, [field]);
  const paste = (event: ClipboardEvent) => {
    const { files } = event.clipboardData;
    const pasted = event.clipboardData.getData("text/plain");
    // Office programs put a picture of a copied text beside it.
    const hasFiles = files.length > 0 && pasted === "";
    if (!hasFiles && pasted.length <= MAX_PASTED_CHARS) return;
    event.preventDefault();
    if (hasFiles) void drafts.attach(key, [...files]);
    else drafts.attachPasted(key, pasted);
  };
  return (
    <textarea
      ref={field}
      aria-label="Message"
      placeholder="Ask anything"
      rows={1}
      enterKeyHint="send"
      value={text}
      onChange={(event) => drafts.setText(key, event.currentTarget.value)}
      onPaste={paste}
      onKeyDown={(event) => {
        if (!isSendKey(event)) return;
        event.preventDefault();
        onSend();
      }}
    />
  );
}

/** A field that grows with its text, up to the height set by its style. */
function useGrowingField(text: string) {
  const field = useRef<HTMLTextAreaElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height depends on the text
  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);
  return field;
}
