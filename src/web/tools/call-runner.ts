// Runs a tool call: in the sandbox, or on an MCP server.

import { PageFrame } from "../browser/frame.ts";
import { readJson } from "../conversation/json-text.ts";
import { isObject, type JsonObject } from "../conversation/typed-settings.ts";
import type { ToolQuestion } from "../frames/tool-frame.ts";
import type { McpServers } from "./mcp-servers.ts";
import type { OfferedTool } from "./offered-tools.ts";

export const SCRIPT_TIMEOUT_MS = 10_000;
const MAX_RESULT_CHARACTERS = 100_000;

export class CallRunner {
  readonly #servers: McpServers;
  readonly #sandbox = new PageFrame({ name: "tool", isSandboxed: true });

  constructor(servers: McpServers) {
    this.#servers = servers;
  }

  /**
   * @param json the arguments, as the model wrote them
   * @returns what the model is told: the result, or the error
   * @throws the signal's reason
   */
  run({ source }: OfferedTool, json: string, signal: AbortSignal): Promise<string> {
    if (source.type === "script") return this.runScript(source.tool.code, json, signal);
    const { server, tool } = source;
    return this.#told(signal, async () =>
      this.#servers.call(server, tool.name, readArguments(json), signal),
    );
  }

  /** The same for code that is no tool yet. */
  runScript(code: string, json: string, signal: AbortSignal): Promise<string> {
    return this.#told(signal, async () => {
      const question: ToolQuestion = { code, args: readArguments(json) };
      return String(await this.#sandbox.ask(question, { timeoutMs: SCRIPT_TIMEOUT_MS, signal }));
    });
  }

  async #told(signal: AbortSignal, call: () => Promise<string>): Promise<string> {
    try {
      return limited(await call());
    } catch (error) {
      signal.throwIfAborted();
      return `Error: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}

/** @throws Error */
function readArguments(json: string): JsonObject {
  if (json.trim() === "") return {};
  const read = readJson(json);
  if ("value" in read && isObject(read.value)) return read.value;
  throw new Error("the arguments are not a JSON object");
}

function limited(result: string): string {
  if (result.length <= MAX_RESULT_CHARACTERS) return result;
  return `${result.slice(0, MAX_RESULT_CHARACTERS)}\n[cut off after ${MAX_RESULT_CHARACTERS} characters]`;
}
