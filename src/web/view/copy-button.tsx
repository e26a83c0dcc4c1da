// A button that copies a text and briefly confirms it.

import { useEffect, useState } from "react";
import { copyText } from "../browser/copy-text.ts";
import { IconButton } from "./icons.tsx";

const FEEDBACK_MS = 2_000;

export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const [feedback, setFeedback] = useState<string | null>(null);
  useEffect(() => {
    if (feedback === null) return;
    const timer = setTimeout(() => setFeedback(null), FEEDBACK_MS);
    return () => clearTimeout(timer);
  }, [feedback]);
  const copy = async () => setFeedback((await copyText(text)) ? "Copied" : "Copy failed");
  return (
    <IconButton
      icon={feedback === "Copied" ? "check" : "copy"}
      label={feedback ?? label}
      onClick={() => void copy()}
    >
      <span className="visually-hidden" role="status">
        {feedback}
      </span>
    </IconButton>
  );
}
