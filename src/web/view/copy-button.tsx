// Copies a text, and says so for a moment.

import { useEffect, useState } from "react";
import { copyText } from "../browser/copy-text.ts";
import { IconButton } from "./icons.tsx";

const SAID_MS = 2_000;

export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const [said, setSaid] = useState<string | null>(null);
  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => setSaid(null), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => setSaid((await copyText(text)) ? "Copied" : "Could not be copied");
  return (
    <IconButton
      icon={said === "Copied" ? "check" : "copy"}
      label={said ?? label}
      onClick={() => void copy()}
    >
      <span className="visually-hidden" role="status">
        {said}
      </span>
    </IconButton>
  );
}
