// The copy button of a code block, and the state of every copy button: it briefly confirms the copy.

import { type ReactElement, useEffect, useState } from "react";
import { announce } from "../browser/announce.ts";
import { copyText } from "../browser/copy-text.ts";

const FEEDBACK_MS = 2_000;

/** @returns the confirmation, null without one, and the function that copies */
export function useCopy(text: string): readonly [string | null, () => Promise<void>] {
  const [feedback, setFeedback] = useState<string | null>(null);
  useEffect(() => {
    if (feedback === null) return;
    const timer = setTimeout(() => setFeedback(null), FEEDBACK_MS);
    return () => clearTimeout(timer);
  }, [feedback]);
  const copy = async () => {
    const result = (await copyText(text)) ? "Copied" : "Copy failed";
    setFeedback(result);
    announce(result);
  };
  return [feedback, copy];
}

export function CopyButton({ text }: { readonly text: string }): ReactElement {
  const [feedback, copy] = useCopy(text);
  const label = feedback ?? "Copy code";
  return (
    <button type="button" className="code-block-copy" aria-label={label} onClick={copy}>
      {feedback ?? "Copy"}
    </button>
  );
}
