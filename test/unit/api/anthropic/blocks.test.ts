import { expect, test } from "vitest";
import { withReadableBlocks } from "../../../../src/api/anthropic/blocks.ts";

type Read = {
  readonly messages: readonly {
    readonly content: readonly { readonly [field: string]: unknown }[];
  }[];
};

function blockOf(block: object, role = "user") {
  const { body, ignoredParams } = withReadableBlocks({ messages: [{ role, content: [block] }] });
  const [read] = (body as Read).messages[0]?.content ?? [];
  return { text: read?.text, content: read?.content, ignoredParams };
}
const document = (source: object, more: object = {}) => ({ type: "document", source, ...more });
const base64 = (media_type: string, data: string) => ({ type: "base64", media_type, data });
const result = (...content: object[]) => ({ type: "tool_result", tool_use_id: "1", content });
const image = { type: "image", source: base64("image/png", "AA==") };

test.each([
  [{ type: "text", media_type: "text/plain", data: "It is 7." }],
  [base64("text/markdown", Buffer.from("It is 7.").toString("base64"))],
  [{ type: "content", content: "It is 7." }],
  [{ type: "content", content: [{ type: "text", text: "It is 7." }] }],
])("a document of %j is its text, below its title and context", (source) => {
  expect(blockOf(document(source)).text).toBe("It is 7.");
  expect(blockOf(document(source, { title: "note", context: "mine" })).text).toBe(
    "note\nmine\nIt is 7.",
  );
});

test("a search result is its text, below its title and source", () => {
  const content = ["One.", "Two."].map((text) => ({ type: "text", text }));
  const found = { type: "search_result", title: "T", source: "http://a", content };

  expect(blockOf(found).text).toBe("T\nhttp://a\nOne.\nTwo.");
});

test("citations that are asked for are left out and named", () => {
  const source = { type: "text", data: "a" };
  const asked = document(source, { citations: { enabled: true } });

  expect(blockOf(asked).ignoredParams).toEqual(["messages[0].content[0].citations"]);
  expect(blockOf(document(source, { citations: { enabled: false } })).ignoredParams).toEqual([]);
});

test.each([
  image,
  document(base64("application/pdf", "AA==")),
  document({ type: "url", url: "http://a" }),
  document({ type: "file", file_id: "1" }),
  document({ type: "content", content: [image] }),
  { type: "search_result" },
])("the user's %j is refused", (block) => {
  expect(() => blockOf(block)).toThrow("text only");
});

test("what a tool result has besides text becomes a note", () => {
  const reference = { type: "tool_reference", tool_name: "f" };
  const text = { type: "text", text: "a" };
  const plain = document({ type: "text", data: "b" });

  const { content } = blockOf(result(text, image, plain, reference, { type: "newer" }));

  expect((content as readonly { text: string }[]).map((block) => block.text)).toEqual([
    "a",
    "[an image that this model cannot see]",
    "b",
    "[the tool f can be called now]",
    "[a part of type newer that this model cannot read]",
  ]);
});

test("a file for a tool of Anthropic's is a note", () => {
  expect(blockOf({ type: "container_upload", file_id: "1" }).text).toBe(
    "[a file that this model cannot read]",
  );
});

test.each([
  [{ type: "compaction", content: "So far: a." }, "So far: a."],
  [{ type: "compaction", content: null }, ""],
  [
    { type: "server_tool_use", id: "1", name: "web_search", input: { query: "a" } },
    '\n[server_tool_use web_search: {"query":"a"}]\n',
  ],
  [
    { type: "mcp_tool_use", id: "1", name: "f", server_name: "s", input: {} },
    "\n[mcp_tool_use f: {}]\n",
  ],
  [
    {
      type: "web_search_tool_result",
      content: [{ type: "web_search_result", url: "http://a", encrypted_content: "x" }],
    },
    '\n[web_search_tool_result: [{"type":"web_search_result","url":"http://a"}]]\n',
  ],
  [
    { type: "web_fetch_tool_result", content: { content: { source: base64("a/b", "AA==") } } },
    '\n[web_fetch_tool_result: {"content":{}}]\n',
  ],
  [{ type: "fallback" }, "[a part of type fallback that this model cannot read]"],
])("an answer's %j is text", (block, text) => {
  expect(blockOf(block, "assistant").text).toBe(text);
});

test.each([
  [{ type: "tool_use", id: "1", name: "f", input: {} }],
  [{ type: "thinking", thinking: "a" }],
  [{ type: 5 }],
])("an answer's %j is left to the schema", (block) => {
  const body = { messages: [{ role: "assistant", content: [block] }] };

  expect(withReadableBlocks(body).body).toEqual(body);
});

test("a body that is nested too deeply is refused before it is read", () => {
  const deep = JSON.parse(`${"[".repeat(200)}${"]".repeat(200)}`) as unknown;

  expect(() => blockOf({ type: "server_tool_use", input: deep }, "assistant")).toThrow("levels");
});
