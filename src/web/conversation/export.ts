// Conversations as files: all of them as JSON, to be read again; one as JSON or Markdown, to be kept or shown.

import { type Answer, type Conversation, hasEnded, type Turn } from "./conversation.ts";
import { checkConversation, checkDifferent } from "./conversation-shape.ts";
import { readJson } from "./json-text.ts";
import { isObject } from "./typed-settings.ts";

const FORMAT = "sluice-conversations";
const VERSION = 1;
const MOST_NAME_CHARS = 50;

/** An answer that is still coming is written as a stopped one: whoever reads the file cannot go on with its stream. */
export function toJson(conversations: readonly Conversation[]): string {
  const written = { format: FORMAT, version: VERSION, conversations: conversations.map(atRest) };
  return `${JSON.stringify(written, null, 2)}\n`;
}

/**
 * @param text of a file that `toJson` has written
 * @throws Error that says, for a person to read, what is wrong with it
 */
export function fromJson(text: string): readonly Conversation[] {
  const read = readJson(text);
  if ("problem" in read) throw new Error(`This file is no JSON. ${read.problem}`);
  const { value } = read;
  if (!isObject(value) || value.format !== FORMAT)
    throw new Error(
      `This file has no conversations of this page: its "format" is not "${FORMAT}".`,
    );
  if (typeof value.version === "number" && value.version > VERSION)
    throw new Error(
      `This file is of version ${value.version}, and this page reads version ${VERSION}: open it in a newer page.`,
    );
  if (value.version !== VERSION) throw new Error(`This file's "version" is not ${VERSION}.`);
  if (!Array.isArray(value.conversations))
    throw new Error('This file has no list of "conversations".');
  return readEach(value.conversations);
}

/** Date and title, as every system takes them: `2025-06-30-what-is-sse.md`. */
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
    checkDifferent(read, "conversations");
    return read.map(atRest);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`This file cannot be read. ${message}.`, { cause: error });
  }
}

function atRest(conversation: Conversation): Conversation {
  return { ...conversation, turns: conversation.turns.map(turnAtRest) };
}

function turnAtRest(turn: Turn): Turn {
  if (turn.kind !== "answer") return turn;
  const ended: Answer = hasEnded(turn) ? turn : { ...turn, phase: { type: "stopped" } };
  return { ...ended, stream: null }; // it names a token that is good for this stream
}
