// What a tool has given to the model.

import type { ToolResult } from "../../conversation/conversation.ts";

export function ToolResultView({ result }: { readonly result: ToolResult }) {
  return (
    <article className="tool-result" aria-label={`Result of ${result.name}`}>
      <span className="tool-result-name">{result.name} gave</span>
      <pre>{result.text}</pre>
    </article>
  );
}
