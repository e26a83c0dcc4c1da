// A button that copies a text and briefly confirms it.

import { useCopy } from "../markdown/copy-button.tsx";
import { IconButton } from "./icons.tsx";

export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const [feedback, copy] = useCopy(text);
  return (
    <IconButton
      icon={feedback === "Copied" ? "check" : "copy"}
      label={feedback ?? label}
      onClick={() => void copy()}
    />
  );
}
