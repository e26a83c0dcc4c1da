// What the page and the frame for MCP servers say to each other.

export type McpAddress = {
  readonly id: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
};

export type McpQuestion =
  | { readonly type: "list"; readonly server: McpAddress }
  | {
      readonly type: "call";
      readonly server: McpAddress;
      readonly tool: string;
      readonly args: object;
      readonly timeoutMs: number;
    };

type ListedTool = {
  readonly name: string;
  readonly description: string;
  readonly parameters: { readonly [name: string]: unknown };
  readonly isDestructive: boolean;
};

/** The answer to `list`. */
export type McpListing = { readonly name: string; readonly tools: readonly ListedTool[] };

/** A server's tools have changed. */
export type McpEvent = { readonly serverId: string; readonly tools: readonly ListedTool[] };
