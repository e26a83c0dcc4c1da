// Tools that run from the chat page: in the sandbox, and on an MCP server.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { answered, ask, lastAnswer } from "../chat-page.ts";
import { fakeChat, HAS_BROWSER, lastMessages } from "../fake-chat.ts";

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

async function openTools(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^Chat settings/ }).click();
  await button(page, "Tools for every chat…").click();
}

describe.skipIf(!HAS_BROWSER)("tools", () => {
  const chat = fakeChat();
  let server: Server;
  let url: string;
  const requests: string[] = [];
  beforeAll(async () => {
    ({ server, url } = await startMcpServer(requests));
  });
  afterAll(() => server?.close());

  /** Every later answer calls the tool. */
  const calls = (name: string, args: object) => {
    const event = { type: "tool-call-delta", index: 0, tokens: 1 } as const;
    chat.says({ events: [{ ...event, name, text: JSON.stringify(args) }] });
  };

  test("run when the user allows it, and their result is sent to the model", async () => {
    const { page } = await chat.open();
    await openTools(page);
    await button(page, "Add calculate").click();
    await page.keyboard.press("Escape");
    calls("calculate", { operation: "multiply", a: 6, b: 7 });
    await ask(page, "6 times 7?");
    await button(page, "Always allow").waitFor();
    expect(chat.engine.requests).toHaveLength(1);

    chat.says({ texts: ["42, of course"] });
    await button(page, "Always allow").click();

    await lastAnswer(page).getByText("42, of course").waitFor();
    expect(lastMessages(chat.engine).at(-1)).toMatchObject({ role: "tool", content: "42" });
  });

  test("of an MCP server are listed, and called after a question that names the server", async () => {
    const { page, complaints } = await chat.open();
    await openTools(page);
    await button(page, "Add a server").click();
    await page.getByLabel("Address").fill(`${url}/nothing`);
    await button(page, "Connect").click();
    await page.getByText("is this the address of an MCP server?").waitFor();
    complaints.length = 0;
    await page.getByLabel("Address").fill(`${url}/mcp`);
    await button(page, "Connect").click();
    await page.getByText("1 of 1 tools").waitFor();
    await page.keyboard.press("Escape");
    expect(requests).not.toContain("tools/call");
    calls("shout", { text: "hello" });
    await ask(page, "Shout hello");
    await page.getByText(`The arguments are sent to test-server (${url}/mcp).`).waitFor();

    chat.says({ texts: ["Done"] });
    await button(page, "Allow once").click();

    await answered(page);
    await lastAnswer(page).getByText("Done").waitFor();
    expect(lastMessages(chat.engine).at(-1)).toMatchObject({ role: "tool", content: "HELLO!" });
    expect(complaints).toEqual([]);
  });
});

/** A real MCP server without sessions. @param requests gets the method of each request */
async function startMcpServer(requests: string[]): Promise<{ server: Server; url: string }> {
  const server = createServer(async (req, res) => {
    res.setHeader("access-control-allow-origin", "*");
    res.setHeader("access-control-allow-headers", "*");
    if (req.method === "OPTIONS") return void res.writeHead(204).end();
    if (req.url !== "/mcp") return void res.writeHead(404).end();
    let text = "";
    for await (const bytes of req) text += String(bytes);
    const body = text === "" ? undefined : JSON.parse(text);
    if (body) requests.push(body.method);
    const transport = new StreamableHTTPServerTransport({});
    await newMcpServer().connect(transport as Parameters<McpServer["connect"]>[0]);
    await transport.handleRequest(req, res, body);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function newMcpServer(): McpServer {
  const mcp = new McpServer({ name: "test-server", version: "1" });
  const config = { description: "Shouts", inputSchema: { text: z.string() } };
  mcp.registerTool("shout", config, async ({ text }) => ({
    content: [{ type: "text", text: `${text.toUpperCase()}!` }],
  }));
  return mcp;
}
