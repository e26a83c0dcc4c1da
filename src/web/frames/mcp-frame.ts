// The frame that speaks to MCP servers over streamable HTTP: https://modelcontextprotocol.io/specification. It has the page's origin, so
// that a server can allow that by CORS, but connects only to addresses that the page names, which the user has added.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import {
  StreamableHTTPClientTransport,
  StreamableHTTPError,
} from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { CallToolResult, Tool } from "@modelcontextprotocol/sdk/types.js";
import type {
  JsonSchemaValidator,
  jsonSchemaValidator,
} from "@modelcontextprotocol/sdk/validation/types.js";
import { config } from "zod/v4";
import { serveFrame } from "./frame-server.ts";
import type { McpAddress, McpEvent, McpListing, McpQuestion } from "./mcp-messages.ts";

config({ jitless: true }); // the policy of this frame allows no code from text

const MAX_TOOLS = 500;

/** Results go to the model as they are. The default validator makes code from schemas. */
const UNCHECKED: jsonSchemaValidator = {
  getValidator<T>(): JsonSchemaValidator<T> {
    return (data) => ({ valid: true, data: data as T, errorMessage: undefined });
  },
};

/** By the server's id. One with another address or other headers is connected again. */
const clients = new Map<string, { readonly key: string; readonly client: Promise<Client> }>();

const report = serveFrame((question, signal) => answer(question as McpQuestion, signal));

async function answer(question: McpQuestion, signal: AbortSignal): Promise<unknown> {
  const { server } = question;
  try {
    const client = await connected(server);
    if (question.type === "list") return await listing(client, signal);
    const { tool: name, args, timeoutMs: timeout } = question;
    const params = { name, arguments: args as Record<string, unknown> };
    const result = await client.callTool(params, undefined, { signal, timeout });
    return textOf(result as CallToolResult);
  } catch (error) {
    if (!(error instanceof ToolFailure)) disconnect(server); // the next question connects again
    throw explained(error, server);
  }
}

function connected(server: McpAddress): Promise<Client> {
  const key = JSON.stringify(server);
  const known = clients.get(server.id);
  if (known?.key === key) return known.client;
  disconnect(server);
  const client = connect(server);
  clients.set(server.id, { key, client });
  return client;
}

function disconnect({ id }: McpAddress): void {
  const known = clients.get(id);
  clients.delete(id);
  known?.client.then(
    (client) => client.close(),
    () => {}, // it was never connected
  );
}

async function connect({ id, url, headers }: McpAddress): Promise<Client> {
  const client = new Client(
    { name: "sluice", version: "1" },
    {
      jsonSchemaValidator: UNCHECKED,
      listChanged: {
        tools: {
          onChanged: (_error, tools) => {
            const event: McpEvent = { serverId: id, tools: (tools ?? []).map(listed) };
            if (tools) report(event);
          },
        },
      },
    },
  );
  const options = { requestInit: { headers: Object.fromEntries(headers) } };
  const transport = new StreamableHTTPClientTransport(new URL(url), options);
  // The SDK's types differ in `exactOptionalPropertyTypes` only.
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  return client;
}

async function listing(client: Client, signal: AbortSignal): Promise<McpListing> {
  const tools: Tool[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.listTools(cursor === undefined ? {} : { cursor }, { signal });
    tools.push(...page.tools);
    cursor = page.nextCursor;
  } while (cursor !== undefined && tools.length < MAX_TOOLS);
  const name = client.getServerVersion()?.name ?? "";
  return { name, tools: tools.slice(0, MAX_TOOLS).map(listed) };
}

function listed({ name, description = "", inputSchema, annotations }: Tool) {
  const isDestructive = annotations?.readOnlyHint !== true && annotations?.destructiveHint === true;
  return { name, description, parameters: inputSchema, isDestructive };
}

class ToolFailure extends Error {}

/** @throws ToolFailure the tool's own error */
function textOf({ content, structuredContent, isError }: CallToolResult): string {
  const texts = content.map((part) => {
    if (part.type === "text") return part.text;
    if (part.type === "resource" && "text" in part.resource) return part.resource.text;
    return `[${part.type}: not shown]`;
  });
  const structured = structuredContent ? JSON.stringify(structuredContent) : "";
  const text = texts.length > 0 ? texts.join("\n") : structured;
  if (isError) throw new ToolFailure(text);
  return text;
}

function explained(error: unknown, { url }: McpAddress): Error {
  const { host, protocol } = new URL(url);
  if (error instanceof StreamableHTTPError && (error.code === 401 || error.code === 403))
    return new Error(
      `${host} refuses access (${error.code}). Add a header, such as Authorization: Bearer KEY. OAuth is not supported.`,
    );
  if (error instanceof StreamableHTTPError && error.code !== undefined && error.code > 0)
    return new Error(`${host} answers ${error.code}: is this the address of an MCP server?`);
  if (error instanceof TypeError && location.protocol === "https:" && protocol === "http:")
    return new Error(`A page over HTTPS cannot connect to ${url}, which is not encrypted.`);
  if (error instanceof TypeError)
    return new Error(
      `${host} cannot be reached, or does not allow this page: its CORS settings must have ${location.origin}.`,
    );
  return error instanceof Error ? error : new Error(String(error));
}
