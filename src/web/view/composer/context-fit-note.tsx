// Says before sending that the message does not fit the model's context.

import { estimateTokens } from "../../attachments/token-estimate.ts";
import { useChosenModel, useCurrent, useDraft } from "../context.ts";
import { usedTokens } from "../header/context-gauge.tsx";
import { fitProblem } from "./context-fit.ts";
import type { FileTokens } from "./use-file-tokens.ts";

export function ContextFitNote({ tokens }: { readonly tokens: FileTokens }) {
  const [{ text, files }] = useDraft();
  const conversation = useCurrent();
  const contextTokens = useChosenModel().model?.contextTokens ?? null; // unknown until the model was loaded
  if (contextTokens === null) return null;
  const problem = fitProblem({
    contextTokens,
    usedTokens: usedTokens(conversation),
    text: { tokens: estimateTokens(text), isEstimate: text !== "" },
    files: files.flatMap(({ id, name }) => {
      const count = tokens.get(id);
      return count ? [{ name, ...count }] : [];
    }),
  });
  return problem === null ? null : (
    <p className="notice is-warning" role="status">
      {problem}
    </p>
  );
}
