// A tool in the list: on or off, whether it asks, edit, delete.

import { toolProblem } from "../../tools/offered-tools.ts";
import type { PageTool } from "../../tools/page-tool.ts";
import { useApp } from "../context.ts";
import { IconButton } from "../icons.tsx";
import { Choice } from "./choice.tsx";

type ToolRowProps = { readonly tool: PageTool; readonly onEdit: () => void };

export function ToolRow({ tool, onEdit }: ToolRowProps) {
  const { tools: box } = useApp();
  const { id, name, description, isOn, isAllowed } = tool;
  const problem = toolProblem(tool);
  return (
    <li className="tool-row">
      <div className="tool-row-head">
        <Choice label={name} isOn={isOn} onChange={(on) => box.changeTool(id, { isOn: on })} />
        <IconButton icon="edit" label={`Edit ${name}`} onClick={onEdit} />
        <IconButton icon="close" label={`Delete ${name}`} onClick={() => box.removeTool(id)} />
      </div>
      <p className={problem === null ? "hint" : "hint problem"}>{problem ?? description}</p>
      {isAllowed && <AllowedNote onRevoke={() => box.changeTool(id, { isAllowed: false })} />}
    </li>
  );
}

export function AllowedNote({ onRevoke }: { readonly onRevoke: () => void }) {
  return (
    <p className="hint">
      Runs without asking.{" "}
      <button type="button" className="link" onClick={onRevoke}>
        Ask again
      </button>
    </p>
  );
}
