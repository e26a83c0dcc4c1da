// The result of a tool call.

import type { ChatToolResult } from "../../conversation/conversation.ts";

export function ToolResultView({ result }: { readonly result: ChatToolResult }) {
  return (
    <article className="tool-result" aria-label={`Result of ${result.name}`}>
      <span className="tool-result-name">{result.name} returned</span>
      <pre>{result.text}</pre>
    </article>
  );
}
