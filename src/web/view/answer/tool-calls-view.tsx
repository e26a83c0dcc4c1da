// Tool calls of an answer: their arguments as they stream in, and what the user decides about each.

import { useState, useSyncExternalStore } from "react";
import type { ChatToolCall } from "../../conversation/conversation.ts";
import { indented } from "../../conversation/json-text.ts";
import type { OfferedTool } from "../../tools/offered-tools.ts";
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
      {pending.includes(call.id) && <PendingCall conversationId={conversationId} call={call} />}
    </section>
  ));
}

type PendingProps = { readonly conversationId: string; readonly call: ChatToolCall };

function PendingCall(props: PendingProps) {
  const { calls, tools } = useApp();
  const running = useSyncExternalStore(calls.subscribe, calls.get);
  useSyncExternalStore(tools.subscribe, tools.get);
  const tool = tools.find(props.call.name);
  if (running.has(props.call.id)) return <RunningCall {...props} />;
  if (tool) return <CallQuestion {...props} tool={tool} />;
  return <ResultForm {...props} hint="This browser has no tool of this name. Enter its result." />;
}

function RunningCall({ conversationId }: PendingProps) {
  const { calls } = useApp();
  return (
    <p className="phase-line" role="status">
      <span className="pulse" aria-hidden="true" />
      Running…
      <button type="button" className="link" onClick={() => calls.stop(conversationId)}>
        Stop
      </button>
    </p>
  );
}

function CallQuestion({ tool, ...props }: PendingProps & { readonly tool: OfferedTool }) {
  const { calls } = useApp();
  const [isTyping, setTyping] = useState(false);
  if (isTyping) return <ResultForm {...props} />;
  const { conversationId, call } = props;
  return (
    <div className="call-question">
      <p className="hint">{askText(tool)}</p>
      {tool.isAllowed && (
        <p className="hint">
          You always allow this tool, but it asks after 20 answers with calls, a stop, or a reload.
        </p>
      )}
      <div className="form-buttons">
        <button
          type="button"
          className="button is-main"
          onClick={() => calls.allow(conversationId, call, false)}
        >
          Allow once
        </button>
        <button
          type="button"
          className="button"
          onClick={() => calls.allow(conversationId, call, true)}
        >
          Always allow
        </button>
        <button type="button" className="button" onClick={() => calls.refuse(conversationId, call)}>
          Refuse
        </button>
        <button type="button" className="link" onClick={() => setTyping(true)}>
          Enter the result myself
        </button>
      </div>
    </div>
  );
}

function askText({ source }: OfferedTool): string {
  if (source.type === "script") return "This tool runs in your browser, without network access.";
  const { server, tool } = source;
  const warning = tool.isDestructive ? " It says that this tool changes or deletes data." : "";
  return `The arguments are sent to ${server.name} (${server.url}).${warning}`;
}

function ResultForm({ conversationId, call, hint }: PendingProps & { readonly hint?: string }) {
  const { store } = useApp();
  const [text, setText] = useState("");
  return (
    <Form className="result-form" onSubmit={() => store.addToolResult(conversationId, call, text)}>
      {hint !== undefined && <p className="hint">{hint}</p>}
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
