// Writes a tool in JavaScript, and tries it.

import { useState } from "react";
import { SCRIPT_TIMEOUT_MS } from "../../tools/call-runner.ts";
import { toolProblem } from "../../tools/offered-tools.ts";
import type { PageTool } from "../../tools/page-tool.ts";
import { useApp } from "../context.ts";
import { Form } from "../form.tsx";
import { TextField } from "../settings/fields.tsx";

export function ToolForm({
  tool,
  onDone,
}: {
  readonly tool: PageTool;
  readonly onDone: () => void;
}) {
  const { tools: box } = useApp();
  const [draft, setDraft] = useState(tool);
  const set = (change: Partial<PageTool>) => setDraft((before) => ({ ...before, ...change }));
  const problem = toolProblem(draft);
  return (
    <Form
      className="tool-form"
      onSubmit={() => {
        const { name, description, parameters, code } = draft;
        const isSame = code === tool.code;
        box.changeTool(tool.id, { name, description, parameters, ...(isSame ? {} : { code }) });
        onDone();
      }}
    >
      <label className="field">
        Name
        <input value={draft.name} onChange={(event) => set({ name: event.currentTarget.value })} />
      </label>
      <TextField
        label="Description"
        help="Tells the model what the tool does, and when to call it."
        value={draft.description}
        onChange={(description) => set({ description })}
        problem={undefined}
      />
      <TextField
        label="Parameters"
        help="A JSON schema of the arguments."
        isCode
        value={draft.parameters}
        onChange={(parameters) => set({ parameters })}
        problem={undefined}
      />
      <TextField
        label="Code"
        help={`The body of an async function. args has the arguments; return the result. It has no network and ${SCRIPT_TIMEOUT_MS / 1000} s.`}
        isCode
        value={draft.code}
        onChange={(code) => set({ code })}
        problem={problem ?? undefined}
      />
      <Trial code={draft.code} />
      <div className="form-buttons">
        <button type="button" className="button" onClick={onDone}>
          Cancel
        </button>
        <button type="submit" className="button is-main" disabled={problem !== null}>
          Save
        </button>
      </div>
    </Form>
  );
}

/** Runs the code as it stands in the form. */
function Trial({ code }: { readonly code: string }) {
  const { runner } = useApp();
  const [args, setArgs] = useState("{}");
  const [result, setResult] = useState("");
  const attempt = async () => {
    setResult("Running…");
    setResult(await runner.runScript(code, args, new AbortController().signal));
  };
  return (
    <div className="tool-trial">
      <label className="field">
        Try it with these arguments
        <input
          className="is-code"
          value={args}
          onChange={(event) => setArgs(event.currentTarget.value)}
        />
      </label>
      <button type="button" className="button" onClick={() => void attempt()}>
        Run
      </button>
      {result !== "" && (
        <pre className="call-text" role="status">
          {result}
        </pre>
      )}
    </div>
  );
}
