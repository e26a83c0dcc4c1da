// The tools of this browser: what the user wrote in JavaScript, and MCP servers that the user added.

import { isObject, type JsonObject } from "../conversation/typed-settings.ts";

export type PageTool = {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** A JSON schema of an object, as typed. */
  readonly parameters: string;
  /** The body of an async function with the parameter `args`. */
  readonly code: string;
  /** Whether models may call it. */
  readonly isOn: boolean;
  /** Whether a call runs without asking the user. */
  readonly isAllowed: boolean;
};

export type McpServer = {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  /** One header a line, as typed. They may hold secrets, so they never leave the browser except to this server. */
  readonly headers: string;
  readonly isOn: boolean;
  /** As listed the last time. */
  readonly tools: readonly McpTool[];
};

export type McpTool = {
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonObject;
  /** What the server says of it. Nobody checks that. */
  readonly isDestructive: boolean;
  readonly isOn: boolean;
  readonly isAllowed: boolean;
};

export type StoredTools = {
  readonly tools: readonly PageTool[];
  readonly servers: readonly McpServer[];
};

const NO_TOOLS: StoredTools = { tools: [], servers: [] };

/** What of the stored text can be read. */
export function readStoredTools(text: string | null): StoredTools {
  const value = parsed(text);
  if (!isObject(value)) return NO_TOOLS;
  const { tools, servers } = value;
  return { tools: listIn(tools).filter(isPageTool), servers: listIn(servers).filter(isMcpServer) };
}

function parsed(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null; // as if nothing was stored
  }
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isPageTool(value: unknown): value is PageTool {
  return (
    hasTypes(value, "string", ["id", "name", "description", "parameters", "code"]) &&
    hasTypes(value, "boolean", ["isOn", "isAllowed"])
  );
}

function isMcpServer(value: unknown): value is McpServer {
  return (
    hasTypes(value, "string", ["id", "name", "url", "headers"]) &&
    hasTypes(value, "boolean", ["isOn"]) &&
    Array.isArray(value.tools) &&
    value.tools.every(isMcpTool)
  );
}

function isMcpTool(value: unknown): value is McpTool {
  return (
    hasTypes(value, "string", ["name", "description"]) &&
    hasTypes(value, "boolean", ["isDestructive", "isOn", "isAllowed"]) &&
    isObject(value.parameters)
  );
}

function hasTypes(
  value: unknown,
  type: "string" | "boolean",
  names: readonly string[],
): value is JsonObject {
  return isObject(value) && names.every((name) => typeof value[name] === type);
}
