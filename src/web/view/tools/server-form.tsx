// Adds an MCP server: connects to it first, so that what is wrong is said here.

import { useEffect, useRef, useState } from "react";
import { newId } from "../../conversation/ids.ts";
import { useApp } from "../context.ts";
import { Form } from "../form.tsx";
import { TextField } from "../settings/fields.tsx";

export function ServerForm({ onDone }: { readonly onDone: () => void }) {
  const { tools: box, mcp } = useApp();
  const [url, setUrl] = useState("");
  const [headers, setHeaders] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [isConnecting, setConnecting] = useState(false);
  const abort = useRef(new AbortController());
  useEffect(() => () => abort.current.abort(), []);
  const connect = async () => {
    setConnecting(true);
    setProblem(null);
    abort.current = new AbortController();
    try {
      const { host } = new URL(url);
      const { name, tools } = await mcp.list({ id: newId(), url, headers }, abort.current.signal);
      box.addServer({ name: name || host, url, headers, tools });
      onDone();
    } catch (error) {
      if (abort.current.signal.aborted) return;
      setProblem(error instanceof Error ? error.message : String(error));
      setConnecting(false);
    }
  };
  return (
    <Form className="tool-form" onSubmit={() => void connect()}>
      <label className="field">
        Address
        <input
          type="url"
          required
          placeholder="http://localhost:3000/mcp"
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
        />
      </label>
      <TextField
        label="Headers"
        help="One per line, such as Authorization: Bearer KEY. Sent only to this server. OAuth is not supported."
        isCode
        value={headers}
        onChange={setHeaders}
        problem={undefined}
      />
      {problem !== null && (
        <p className="hint problem" role="alert">
          {problem}
        </p>
      )}
      <div className="form-buttons">
        <button type="button" className="button" onClick={onDone}>
          Cancel
        </button>
        <button type="submit" className="button is-main" disabled={isConnecting || url === ""}>
          {isConnecting ? "Connecting…" : "Connect"}
        </button>
      </div>
    </Form>
  );
}
