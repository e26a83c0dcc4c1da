// Keeps the tools of this browser, in all tabs the same.

import { Listeners } from "../browser/listeners.ts";
import { readStored, writeStored } from "../browser/stored-value.ts";
import { newId } from "../conversation/ids.ts";
import type { JsonObject } from "../conversation/typed-settings.ts";
import { type OfferedTool, offeredTools, toolDefinition } from "./offered-tools.ts";
import {
  type McpServer,
  type McpTool,
  type PageTool,
  readStoredTools,
  type StoredTools,
} from "./page-tool.ts";

const NAME = "sluice-tools";

export class ToolBox {
  readonly #listeners = new Listeners();
  #state: StoredTools = readStoredTools(readStored(() => localStorage, NAME));

  constructor() {
    addEventListener("storage", ({ key, newValue }) => {
      if (key !== NAME && key !== null) return; // null: everything was cleared
      this.#state = readStoredTools(newValue);
      this.#notify();
    });
  }

  readonly subscribe = this.#listeners.subscribe;

  readonly get = (): StoredTools => this.#state;

  /** What a request offers besides the tools that are typed into the chat's settings. */
  definitions(): readonly JsonObject[] {
    return offeredTools(this.#state).map(toolDefinition);
  }

  find(name: string): OfferedTool | null {
    return offeredTools(this.#state).find((tool) => tool.name === name) ?? null;
  }

  /** It is on, and asks before each call. */
  addTool(tool: Pick<PageTool, "name" | "description" | "parameters" | "code">): PageTool {
    const added = { ...tool, id: newId(), isOn: true, isAllowed: false };
    this.#set({ tools: [...this.#state.tools, added] });
    return added;
  }

  /** A tool whose code changes asks again. */
  changeTool(id: string, change: Partial<PageTool>): void {
    const again = change.code === undefined ? {} : { isAllowed: false };
    this.#set({ tools: changed(this.#state.tools, id, { ...again, ...change }) });
  }

  removeTool(id: string): void {
    this.#set({ tools: this.#state.tools.filter((tool) => tool.id !== id) });
  }

  addServer(server: Pick<McpServer, "name" | "url" | "headers" | "tools">): void {
    const added = { ...server, id: newId(), isOn: true };
    this.#set({ servers: [...this.#state.servers, added] });
  }

  changeServer(id: string, change: Partial<McpServer>): void {
    this.#set({ servers: changed(this.#state.servers, id, change) });
  }

  /** Takes over what the server lists now. What the user chose for tools that it had already stays. */
  relist(id: string, listed: readonly McpTool[]): void {
    const server = this.#state.servers.find((each) => each.id === id);
    if (!server) return;
    const tools = listed.map((tool) => {
      const before = server.tools.find(({ name }) => name === tool.name);
      return before ? { ...tool, isOn: before.isOn, isAllowed: before.isAllowed } : tool;
    });
    this.changeServer(id, { tools });
  }

  changeMcpTool(serverId: string, name: string, change: Partial<McpTool>): void {
    const server = this.#state.servers.find(({ id }) => id === serverId);
    const tools = server?.tools.map((tool) => (tool.name === name ? { ...tool, ...change } : tool));
    if (tools) this.changeServer(serverId, { tools });
  }

  removeServer(id: string): void {
    this.#set({ servers: this.#state.servers.filter((server) => server.id !== id) });
  }

  /** Whether calls of the tool run without asking. */
  allow({ source }: OfferedTool, isAllowed: boolean): void {
    if (source.type === "script") this.changeTool(source.tool.id, { isAllowed });
    else this.changeMcpTool(source.server.id, source.tool.name, { isAllowed });
  }

  #set(change: Partial<StoredTools>): void {
    this.#state = { ...this.#state, ...change };
    writeStored(() => localStorage, NAME, JSON.stringify(this.#state));
    this.#notify();
  }

  #notify(): void {
    this.#listeners.notify();
  }
}

function changed<T extends { readonly id: string }>(
  list: readonly T[],
  id: string,
  change: Partial<T>,
): readonly T[] {
  return list.map((each) => (each.id === id ? { ...each, ...change } : each));
}
