// The tools of this browser: those that the user writes, and MCP servers.

import { useState, useSyncExternalStore } from "react";
import { EXAMPLE_TOOLS } from "../../tools/example-tools.ts";
import { useApp } from "../context.ts";
import { Dialog } from "../dialogs/dialog.tsx";
import { Icon } from "../icons.tsx";
import { ServerForm } from "./server-form.tsx";
import { ServerRow } from "./server-row.tsx";
import { ToolForm } from "./tool-form.tsx";
import { ToolRow } from "./tool-row.tsx";

export function ToolsDialog({ onClose }: { readonly onClose: () => void }) {
  const { tools: box } = useApp();
  const { tools, servers } = useSyncExternalStore(box.subscribe, box.get);
  const [editedId, setEditedId] = useState<string | null>(null);
  const [isAdding, setAdding] = useState(false);
  const examples = EXAMPLE_TOOLS.filter(({ name }) => !tools.some((tool) => tool.name === name));
  const edited = tools.find(({ id }) => id === editedId);
  if (edited)
    return (
      <Dialog title={`Tool: ${edited.name}`} onClose={() => setEditedId(null)}>
        <ToolForm tool={edited} onDone={() => setEditedId(null)} />
      </Dialog>
    );
  return (
    <Dialog title="Tools" onClose={onClose}>
      <div className="tools">
        <p className="hint">
          Models can call these tools in every chat. You are asked before each call, unless you
          allow a tool for good. They are stored only in this browser.
        </p>
        <h3>JavaScript</h3>
        {tools.length > 0 && (
          <ul className="tool-rows">
            {tools.map((tool) => (
              <ToolRow key={tool.id} tool={tool} onEdit={() => setEditedId(tool.id)} />
            ))}
          </ul>
        )}
        <div className="form-buttons">
          <button
            type="button"
            className="button"
            onClick={() => setEditedId(box.addTool(newTool(tools.length)).id)}
          >
            <Icon name="plus" size={16} />
            New tool
          </button>
          {examples.map((example) => (
            <button
              key={example.name}
              type="button"
              className="link"
              onClick={() => box.addTool(example)}
            >
              Add {example.name}
            </button>
          ))}
        </div>
        <h3>MCP servers</h3>
        {servers.length > 0 && (
          <ul className="tool-rows">
            {servers.map((server) => (
              <ServerRow key={server.id} server={server} />
            ))}
          </ul>
        )}
        {isAdding ? (
          <ServerForm onDone={() => setAdding(false)} />
        ) : (
          <button type="button" className="button" onClick={() => setAdding(true)}>
            <Icon name="plus" size={16} />
            Add a server
          </button>
        )}
      </div>
    </Dialog>
  );
}

function newTool(count: number) {
  return {
    name: `my_tool_${count + 1}`,
    description: "",
    parameters: JSON.stringify({ type: "object", properties: {}, required: [] }, null, 2),
    code: 'return "Hello";',
  };
}
