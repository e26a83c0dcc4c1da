// The page's side of the MCP servers that the user added. The protocol is spoken in a frame of its own, which alone may connect to
// other servers (src/web/frames/mcp-frame.ts).

import { PageFrame } from "../browser/frame.ts";
import type { McpEvent, McpListing, McpQuestion } from "../frames/mcp-messages.ts";
import type { McpServer, McpTool } from "./page-tool.ts";

type Address = Pick<McpServer, "id" | "url" | "headers">;

const CONNECT_TIMEOUT_MS = 20_000;
const MCP_CALL_TIMEOUT_MS = 120_000;

export class McpServers {
  readonly #frame: PageFrame;

  /** @param onListed called when a server reports that its tools have changed */
  constructor(onListed: (serverId: string, tools: readonly McpTool[]) => void) {
    this.#frame = new PageFrame({
      name: "mcp",
      isSandboxed: false,
      onEvent: (event) => {
        const { serverId, tools } = event as McpEvent;
        onListed(serverId, tools.map(withChoices));
      },
    });
  }

  /** @throws Error why it cannot be reached, or is no MCP server */
  async list(server: Address, signal: AbortSignal): Promise<{ name: string; tools: McpTool[] }> {
    const listing = await this.#ask({ type: "list", server: addressOf(server) }, { signal });
    const { name, tools } = listing as McpListing;
    return { name, tools: tools.map(withChoices) };
  }

  /** @returns the result as text @throws Error */
  async call(server: McpServer, tool: string, args: object, signal: AbortSignal): Promise<string> {
    const timeoutMs = MCP_CALL_TIMEOUT_MS;
    const question = { type: "call", server: addressOf(server), tool, args, timeoutMs } as const;
    return String(await this.#ask(question, { signal, timeoutMs: timeoutMs + CONNECT_TIMEOUT_MS }));
  }

  #ask(
    question: McpQuestion,
    { signal, timeoutMs = CONNECT_TIMEOUT_MS }: { signal: AbortSignal; timeoutMs?: number },
  ): Promise<unknown> {
    return this.#frame.ask(question, { timeoutMs, signal });
  }
}

function addressOf({ id, url, headers }: Address): McpQuestion["server"] {
  return { id, url, headers: readHeaders(headers) };
}

/** Lines `Name: value`. @throws Error naming the wrong line */
function readHeaders(text: string): readonly (readonly [string, string])[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const [, name, value] = /^\s*([\w-]+)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw new Error(`"${line.trim().slice(0, 40)}" is no header: write Name: value`);
    return [name, value];
  });
}

/** A new tool is on, and asks before each call. */
function withChoices(tool: McpListing["tools"][number]): McpTool {
  return { ...tool, isOn: true, isAllowed: false };
}
