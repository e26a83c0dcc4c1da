// Chats as files. The code for it is loaded when it is used. If that fails, the page says why: the server is lost, or has a newer page.

import { saveFile } from "../../browser/files.ts";
import type { Conversation } from "../../conversation/conversation.ts";

const loadExport = () => import("../../conversation/export.ts");

/** Saves all chats in one file. */
export async function saveChats(conversations: readonly Conversation[]): Promise<void> {
  const { toJson } = await loadExport();
  saveFile("sluice-conversations.json", toJson(conversations));
}

export async function saveChat(
  conversation: Conversation,
  extension: "json" | "md",
): Promise<void> {
  const { fileNameFor, toJson } = await loadExport();
  const name = fileNameFor(conversation, extension);
  if (extension === "json") return saveFile(name, toJson([conversation]));
  const { toMarkdown } = await import("../../conversation/export-markdown.ts");
  saveFile(name, toMarkdown(conversation));
}

/** @throws Error what is wrong with the file */
export async function readChats(text: string): Promise<readonly Conversation[]> {
  const { fromJson } = await loadExport();
  return fromJson(text);
}
