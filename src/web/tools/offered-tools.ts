// The tools that are offered to models: those that are on, each under a name of its own.

import { type Parsed, readJson } from "../conversation/json-text.ts";
import { isObject, type JsonObject, TOOL_NAME } from "../conversation/typed-settings.ts";
import type { McpServer, McpTool, PageTool, StoredTools } from "./page-tool.ts";

export type OfferedTool = {
  /** As models know it. */
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonObject;
  readonly isAllowed: boolean;
  readonly source:
    | { readonly type: "script"; readonly tool: PageTool }
    | { readonly type: "mcp"; readonly server: McpServer; readonly tool: McpTool };
};

const LONGEST_NAME = 64;

/** Tools with wrong settings are left out; `toolProblem` says why. */
export function offeredTools({ tools, servers }: StoredTools): readonly OfferedTool[] {
  const offered = new Map<string, OfferedTool>();
  for (const tool of tools) {
    const parameters = readParameters(tool.parameters);
    if (!tool.isOn || toolProblem(tool) !== null || !("value" in parameters)) continue;
    const { name, description, isAllowed } = tool;
    if (offered.has(name)) continue;
    const source = { type: "script", tool } as const;
    offered.set(name, { name, description, parameters: parameters.value, isAllowed, source });
  }
  for (const server of servers.filter(({ isOn }) => isOn))
    for (const tool of server.tools.filter(({ isOn }) => isOn)) {
      const name = freeName(server, tool, (taken) => offered.has(taken));
      const { description, parameters, isAllowed } = tool;
      const source = { type: "mcp", server, tool } as const;
      if (name !== null) offered.set(name, { name, description, parameters, isAllowed, source });
    }
  return [...offered.values()];
}

/** In the format of the API. */
export function toolDefinition({ name, description, parameters }: OfferedTool): JsonObject {
  return { type: "function", function: { name, description, parameters } };
}

/** Why the tool cannot be offered; null if it can. */
export function toolProblem({ name, parameters, code }: PageTool): string | null {
  if (!TOOL_NAME.test(name))
    return "The name must have 1 to 128 letters (a to z), digits, dots, _ or -.";
  if (code.trim() === "") return "The code is missing.";
  const read = readParameters(parameters);
  return "value" in read ? null : `The parameters: ${read.problem}.`;
}

function readParameters(text: string): Parsed<JsonObject> {
  const read = readJson(text);
  if ("problem" in read) return read;
  if (isObject(read.value)) return { value: read.value };
  return { problem: "a JSON schema must be an object" };
}

/** Its own name, or one with the server's name before it; null if both are taken. */
function freeName(
  server: McpServer,
  tool: McpTool,
  isTaken: (name: string) => boolean,
): string | null {
  const names = [tool.name, `${server.name}_${tool.name}`].map(usable);
  return names.find((name) => name !== "" && !isTaken(name)) ?? null;
}

function usable(name: string): string {
  return name.replace(/[^A-Za-z0-9_.-]+/g, "_").slice(0, LONGEST_NAME);
}
