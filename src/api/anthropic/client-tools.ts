// Anthropic's tools that the client runs, and whose schema only Anthropic's server knows: the request has no more than their type.
// https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/bash-tool , .../text-editor-tool , .../memory-tool

type ClientTool = {
  readonly description: string;
  readonly input_schema: Record<string, unknown>;
};

const text = { type: "string" };
const line = { type: "integer", minimum: 0 };
const range = { type: "array", items: { type: "integer" }, minItems: 2, maxItems: 2 };

const BASH: ClientTool = {
  description:
    "Runs a command in a bash shell that stays open between calls. restart starts a new shell.",
  input_schema: { type: "object", properties: { command: text, restart: { type: "boolean" } } },
};

const EDITS = {
  path: text,
  view_range: range,
  file_text: text,
  old_str: text,
  new_str: text,
  insert_line: line,
  insert_text: text,
};

function editor(commands: readonly string[]): ClientTool {
  return {
    description:
      "Views and changes files. view shows a file (view_range: first and last line) or a folder; create writes file_text; str_replace replaces old_str by new_str; insert puts insert_text after line insert_line.",
    input_schema: {
      type: "object",
      properties: { command: { type: "string", enum: commands }, ...EDITS },
      required: ["command", "path"],
    },
  };
}

const COMMANDS = ["view", "create", "str_replace", "insert"];

const MEMORY: ClientTool = {
  description:
    "Keeps notes for later conversations as files below /memories: view, create (file_text), str_replace (old_str, new_str), insert (insert_text after insert_line), delete, and rename (old_path, new_path).",
  input_schema: {
    type: "object",
    properties: {
      command: { type: "string", enum: [...COMMANDS, "delete", "rename"] },
      ...EDITS,
      old_path: text,
      new_path: text,
    },
    required: ["command"],
  },
};

/** Versions that differ only in what the client does have the same schema. */
const TOOLS: Readonly<Record<string, ClientTool>> = {
  bash_20241022: BASH,
  bash_20250124: BASH,
  text_editor_20241022: editor([...COMMANDS, "undo_edit"]),
  text_editor_20250124: editor([...COMMANDS, "undo_edit"]),
  text_editor_20250429: editor(COMMANDS),
  text_editor_20250728: editor(COMMANDS),
  memory_20250818: MEMORY,
};

export const CLIENT_TOOL_TYPES = Object.keys(TOOLS);

/** @param type one of `CLIENT_TOOL_TYPES` */
export function clientTool(type: string): ClientTool {
  const tool = TOOLS[type];
  if (!tool) throw new Error(`${type} is not a tool of the client`);
  return tool;
}
