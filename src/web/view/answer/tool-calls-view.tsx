// Tool calls of an answer: their arguments as they stream in, and a form for each result.

import { useState } from "react";
import type { ChatToolCall } from "../../conversation/conversation.ts";
import { indented } from "../../conversation/json-text.ts";
import { useApp } from "../context.ts";
import { Form } from "../form.tsx";
import { Icon } from "../icons.tsx";

type ToolCallsProps = {
  readonly conversationId: string;
  readonly calls: readonly ChatToolCall[];
  /** Ids of the calls without a result, separated by spaces. */
  readonly pendingIds: string;
  readonly isStreaming: boolean;
};

export function ToolCallsView({ conversationId, calls, pendingIds, isStreaming }: ToolCallsProps) {
  const pending = pendingIds.split(" ");
  return calls.map((call, index) => (
    <section key={call.id} className="call" aria-label={`Call of ${call.name}`}>
      <h3 className="call-name">
        <Icon name="tool" size={16} />
        {call.name}
      </h3>
      <pre
        className={isStreaming && index === calls.length - 1 ? "call-text is-growing" : "call-text"}
      >
        {isStreaming ? call.arguments : indented(call.arguments)}
      </pre>
      {pending.includes(call.id) && <ResultForm conversationId={conversationId} call={call} />}
    </section>
  ));
}

type ResultProps = { readonly conversationId: string; readonly call: ChatToolCall };

function ResultForm({ conversationId, call }: ResultProps) {
  const { store } = useApp();
  const [text, setText] = useState("");
  return (
    <Form className="result-form" onSubmit={() => store.addToolResult(conversationId, call, text)}>
      <label>
        Tool result
        <textarea
          rows={2}
          value={text}
          placeholder='{"temperature": 21}'
          onChange={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <div className="form-buttons">
        <button type="submit" className="button is-main" disabled={text.trim() === ""}>
          Send result
        </button>
      </div>
    </Form>
  );
}
