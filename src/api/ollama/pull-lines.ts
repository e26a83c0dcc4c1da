// The progress of a pull in Ollama's form: one line of JSON for each change. https://docs.ollama.com/api/pull

import { createHash } from "node:crypto";
import type { ShownPull } from "../sluice/pulls.ts";
import type { OllamaProgress } from "./model-answers.ts";

/** The last line of a pull. */
export const PULL_SUCCESS = { status: "success" } as const;
export const PULLING_MANIFEST: OllamaProgress = { status: "pulling manifest" };

/** Characters of the digest that Ollama's client shows. */
const SHOWN_DIGEST = [7, 19] as const;

/** @param shown a pull that has not failed */
export function encodePullLine(shown: ShownPull): OllamaProgress {
  const { status, totalBytes, completedBytes } = shown;
  switch (status) {
    case "done":
      return PULL_SUCCESS;
    case "verifying":
      return { status: "verifying sha256 digest" };
    default:
      return totalBytes === null ? PULLING_MANIFEST : pulling(shown, totalBytes, completedBytes);
  }
}

/** Ollama's client requires a digest, by which it tells the parts of a model apart. That of the file is not known yet. */
function pulling({ model }: ShownPull, total: number, completed: number): OllamaProgress {
  const digest = `sha256:${createHash("sha256").update(model).digest("hex")}`;
  return { status: `pulling ${digest.slice(...SHOWN_DIGEST)}`, digest, total, completed };
}
