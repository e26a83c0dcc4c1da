// Conversations as JSON files, written by the export and read by the import; and the names of exported files.

import { type Conversation, withoutStream } from "./conversation.ts";
import { checkConversation, checkUniqueIds } from "./conversation-shape.ts";
import { readJson } from "./json-text.ts";
import { isObject } from "./typed-settings.ts";

const FORMAT = "sluice-conversations";
/** Version 2 has versions of turns. Version 1 is the same without `tree`. */
const VERSION = 2;
const MOST_NAME_CHARS = 50;

/** Writes a streaming answer as a stopped one, because an importing browser cannot continue its stream. */
export function toJson(conversations: readonly Conversation[]): string {
  const file = {
    format: FORMAT,
    version: VERSION,
    conversations: conversations.map(withoutStreams),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/**
 * @param text of a file written by `toJson`
 * @throws Error with a message for the user about the invalid file
 */
export function fromJson(text: string): readonly Conversation[] {
  const read = readJson(text);
  if ("problem" in read) throw new Error(`This file is not valid JSON: ${read.problem}.`);
  const { value } = read;
  if (!isObject(value) || value.format !== FORMAT)
    throw new Error(`This file is not a chat export: its "format" is not "${FORMAT}".`);
  if (typeof value.version === "number" && value.version > VERSION)
    throw new Error(
      `This file has version ${value.version}, but this page reads versions up to ${VERSION}. Import it with a newer server.`,
    );
  if (value.version !== 1 && value.version !== VERSION)
    throw new Error(`This file's "version" is neither 1 nor ${VERSION}.`);
  if (!Array.isArray(value.conversations))
    throw new Error('This file has no "conversations" list.');
  return readEach(value.conversations);
}

/** Date and title in characters that every file system allows: `2025-06-30-what-is-sse.md`. */
export function fileNameFor(conversation: Conversation, extension: "json" | "md"): string {
  const date = new Date(conversation.updatedAtMs).toISOString().slice(0, 10);
  const words = conversation.title
    .normalize("NFC")
    .toLowerCase()
    .match(/[\p{L}\p{M}\p{N}]+/gu);
  const name = [...(words ?? ["conversation"]).join("-")].slice(0, MOST_NAME_CHARS).join("");
  return `${date}-${name.replace(/-$/, "")}.${extension}`;
}

function readEach(values: readonly unknown[]): readonly Conversation[] {
  try {
    const read = values.map((each, index) => checkConversation(each, `conversations[${index}]`));
    checkUniqueIds(read, "conversations");
    return read.map(withoutStreams);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`This file cannot be imported: ${message}.`, { cause: error });
  }
}

function withoutStreams(conversation: Conversation): Conversation {
  const { turns, tree } = conversation;
  return {
    ...conversation,
    turns: turns.map(withoutStream),
    ...(tree && { tree: { ...tree, hidden: tree.hidden.map(withoutStream) } }),
  };
}
