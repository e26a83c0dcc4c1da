// Prepares blocks for the schema: every string becomes a list of one text block, so that errors name the
// exact block; documents of plain text and search results become text; in tool results and answers a note stands for each block
// that a text model cannot read, because the client cannot take it out of its history.

import { checkShape } from "../shared/json-shape.ts";
import { noteAbout, textOfFile } from "../shared/parts.ts";
import { isObject, unreadable } from "../shared/refusals.ts";

type JsonObject = Readonly<Record<string, unknown>>;
type ReadableBody = {
  readonly body: unknown;
  /** Fields of the blocks that were left out. */
  readonly ignoredParams: readonly string[];
  /** Names of the tools that the conversation has called or that a tool result refers to. */
  readonly loadedTools: ReadonlySet<string>;
};

/** @throws ServiceError 400 for images and files of the user, and for bodies that are nested too deeply */
export function withReadableBlocks(body: unknown): ReadableBody {
  const found = { ignoredParams: [] as string[], loadedTools: new Set<string>() };
  if (!isObject(body)) return { body, ...found };
  checkShape(body, null); // some blocks are written as JSON
  const { messages, system } = body;
  const read = { ...body };
  if (Array.isArray(messages))
    read.messages = messages.map((message: unknown, index) => {
      if (!isObject(message) || !Object.hasOwn(message, "content")) return message;
      const place = { path: `messages[${index}].content`, ...found };
      const readOne = message.role === "assistant" ? readAnswered : readAsked;
      return { ...message, content: readList(message.content, place, readOne) };
    });
  if (Object.hasOwn(body, "system"))
    read.system = readList(system, { path: "system", ...found }, readAsked);
  return { body: read, ...found };
}

/** The path of a block or of a list of blocks. */
type Place = {
  readonly path: string;
  readonly ignoredParams: string[];
  readonly loadedTools: Set<string>;
};
type ReadOne = (block: JsonObject, place: Place) => unknown;

/** Blocks that are none are left to the schema. */
function readList(content: unknown, place: Place, readOne: ReadOne): unknown {
  if (typeof content === "string") return [textBlock(content)];
  if (!Array.isArray(content)) return content;
  return content.map((block: unknown, index) =>
    isObject(block) ? readOne(block, { ...place, path: `${place.path}[${index}]` }) : block,
  );
}

/** A block of the user or the system. */
function readAsked(block: JsonObject, place: Place): unknown {
  switch (block.type) {
    case "tool_result":
      return {
        ...block,
        content: readList(block.content, { ...place, path: `${place.path}.content` }, readResult),
      };
    case "container_upload":
      return textBlock(noteAbout("file"));
    case "image":
    case "document":
    case "search_result": {
      const text = readableText(block, place);
      if (text !== null) return textBlock(text);
      throw unreadable(`a block of type ${block.type}`, place.path);
    }
    default:
      return block;
  }
}

/** A block in a tool result. */
function readResult(block: JsonObject, place: Place): unknown {
  const { type, tool_name: name } = block;
  if (type === "text" || typeof type !== "string") return block;
  if (type === "tool_reference" && typeof name === "string") {
    place.loadedTools.add(name);
    return textBlock(`[the tool ${name} can be called now]`);
  }
  return textBlock(readableText(block, place) ?? noteAbout(type));
}

/** Types of blocks in answers that are read as text. Unknown ones are too. */
export const NOTED_TYPES = [
  ...["image", "server_tool_use", "web_search_tool_result", "web_fetch_tool_result"],
  ...["code_execution_tool_result", "bash_code_execution_tool_result"],
  ...["text_editor_code_execution_tool_result", "tool_search_tool_result", "tool_reference"],
  ...["mcp_tool_use", "mcp_tool_result", "container_upload", "compaction"],
] as const;

const OWN_TYPES = ["text", "tool_use", "tool_result", "thinking", "redacted_thinking"];

/** A block of an answer. The work of Anthropic's own tools is read as text. */
function readAnswered(block: JsonObject, place: Place): unknown {
  const { type } = block;
  if (type === "tool_use" && typeof block.name === "string") place.loadedTools.add(block.name);
  if (typeof type !== "string" || OWN_TYPES.includes(type)) return block;
  if (type === "compaction") return textBlock(asText(block.content));
  const work = block.content ?? block.input;
  const text = readableText(block, place) ?? (work === undefined ? null : workText(block, work));
  return textBlock(text ?? noteAbout(type));
}

function workText({ type, name }: JsonObject, work: unknown): string {
  const title = typeof name === "string" ? `${String(type)} ${name}` : String(type);
  return `\n[${title}: ${JSON.stringify(work, withoutData)}]\n`;
}

/** Leaves out what only Anthropic's server can read. */
function withoutData(key: string, value: unknown): unknown {
  const isFile = isObject(value) && value.type === "base64";
  return isFile || /^(encrypted_|cache_control$)/.test(key) ? undefined : value;
}

/** The text of a document or search result; null if it has none. */
function readableText(block: JsonObject, { path, ignoredParams }: Place): string | null {
  const { type, title, context, source, content, citations } = block;
  const isResult = type === "search_result" && Array.isArray(content);
  const text = isResult ? textsIn(content) : type === "document" ? documentText(source) : null;
  if (text === null) return null;
  if (isObject(citations) && citations.enabled === true) ignoredParams.push(`${path}.citations`);
  const head = isResult ? [title, source] : [title, context];
  return [...head.map(asText).filter((line) => line !== ""), text].join("\n");
}

function documentText(source: unknown): string | null {
  if (!isObject(source)) return null;
  switch (source.type) {
    case "text":
      return typeof source.data === "string" ? source.data : null;
    case "content":
      return typeof source.content === "string" ? source.content : textsIn(source.content);
    case "base64":
      return textOfFile(source.media_type, source.data);
    default:
      return null;
  }
}

/** Null if there is anything else than texts. */
function textsIn(blocks: unknown): string | null {
  if (!Array.isArray(blocks)) return null;
  const texts = blocks.map((block: unknown) => (isObject(block) ? block.text : null));
  return texts.every((text) => typeof text === "string") ? texts.join("\n") : null;
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function textBlock(text: string) {
  return { type: "text", text };
}
