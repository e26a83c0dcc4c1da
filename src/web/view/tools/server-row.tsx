// An MCP server in the list, with a checkbox for each of its tools.

import { useState } from "react";
import type { McpServer, McpTool } from "../../tools/page-tool.ts";
import { useApp } from "../context.ts";
import { IconButton } from "../icons.tsx";
import { Choice } from "./choice.tsx";
import { AllowedNote } from "./tool-row.tsx";

export function ServerRow({ server }: { readonly server: McpServer }) {
  const { tools: box, mcp } = useApp();
  const [note, setNote] = useState<string | null>(null);
  const { id, name, url, isOn, tools } = server;
  const refresh = async () => {
    setNote("Connecting…");
    try {
      box.relist(id, (await mcp.list(server, new AbortController().signal)).tools);
      setNote(null);
    } catch (error) {
      setNote(error instanceof Error ? error.message : String(error));
    }
  };
  const used = tools.filter((tool) => tool.isOn).length;
  return (
    <li className="tool-row">
      <div className="tool-row-head">
        <Choice label={name} isOn={isOn} onChange={(on) => box.changeServer(id, { isOn: on })} />
        <IconButton
          icon="again"
          label={`List the tools of ${name}`}
          onClick={() => void refresh()}
        />
        <IconButton icon="close" label={`Remove ${name}`} onClick={() => box.removeServer(id)} />
      </div>
      <p className="hint">{url}</p>
      {note !== null && (
        <p className="hint" role="status">
          {note}
        </p>
      )}
      <details>
        <summary>
          {used} of {tools.length} tools
        </summary>
        <ul className="tool-rows">
          {tools.map((tool) => (
            <McpToolRow key={tool.name} server={server} tool={tool} />
          ))}
        </ul>
      </details>
    </li>
  );
}

type McpToolProps = { readonly server: McpServer; readonly tool: McpTool };

function McpToolRow({ server, tool }: McpToolProps) {
  const { tools: box } = useApp();
  const change = (next: Partial<McpTool>) => box.changeMcpTool(server.id, tool.name, next);
  return (
    <li>
      <Choice label={tool.name} isOn={tool.isOn} onChange={(isOn) => change({ isOn })} />
      <p className="hint">{tool.description}</p>
      {tool.isAllowed && <AllowedNote onRevoke={() => change({ isAllowed: false })} />}
    </li>
  );
}
