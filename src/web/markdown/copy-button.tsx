// The copy button of a code block, which briefly confirms the copy.

import { type ReactElement, useEffect, useState } from "react";
import { copyText } from "../browser/copy-text.ts";

const FEEDBACK_MS = 2000;

type Outcome = "none" | "copied" | "failed";

const LABELS: Readonly<Record<Outcome, string>> = {
  none: "Copy",
  copied: "Copied",
  failed: "Copy failed",
};

export function CopyButton({ text }: { readonly text: string }): ReactElement {
  const [outcome, setOutcome] = useState<Outcome>("none");
  useEffect(() => {
    if (outcome === "none") return;
    const timer = setTimeout(() => setOutcome("none"), FEEDBACK_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const label = LABELS[outcome];
  const copy = async () => setOutcome((await copyText(text)) ? "copied" : "failed");
  return (
    <>
      <span role="status" className="visually-hidden">
        {outcome === "none" ? "" : label}
      </span>
      <button
        type="button"
        className="code-block-copy"
        aria-label={outcome === "none" ? "Copy code" : label}
        onClick={copy}
      >
        {label}
      </button>
    </>
  );
}
