// Calls of tools: their arguments as they stream in, and a form for what the tool gives.

import { useState } from "react";
import type { ToolCall } from "../../conversation/conversation.ts";
import { useApp } from "../context.ts";
import { Icon } from "../icons.tsx";

type CallsProps = {
  readonly conversationId: string;
  readonly calls: readonly ToolCall[];
  /** Ids of those that want a result. */
  readonly waitingIds: string;
  readonly isStreaming: boolean;
};

export function CallsView({ conversationId, calls, waitingIds, isStreaming }: CallsProps) {
  const waiting = waitingIds.split(" ");
  return calls.map((call, index) => (
    <section key={call.id} className="call" aria-label={`Call of ${call.name}`}>
      <h3 className="call-name">
        <Icon name="tool" size={16} />
        {call.name}
      </h3>
      <pre
        className={isStreaming && index === calls.length - 1 ? "call-text is-growing" : "call-text"}
      >
        {isStreaming ? call.arguments : pretty(call.arguments)}
      </pre>
      {waiting.includes(call.id) && <ResultForm conversationId={conversationId} call={call} />}
    </section>
  ));
}

type ResultProps = { readonly conversationId: string; readonly call: ToolCall };

function ResultForm({ conversationId, call }: ResultProps) {
  const { store } = useApp();
  const [text, setText] = useState("");
  return (
    <form
      className="result-form"
      onSubmit={(event) => {
        event.preventDefault();
        store.giveResult(conversationId, call, text);
      }}
    >
      <label>
        What the tool gives
        <textarea
          rows={2}
          value={text}
          placeholder='{"temperature": 21}'
          onChange={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <div className="form-buttons">
        <button type="submit" className="button is-main" disabled={text.trim() === ""}>
          Give the result
        </button>
      </div>
    </form>
  );
}

/** What was cut off in the middle stays as it came. */
function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
