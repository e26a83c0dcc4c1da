// Writes a question and its files as the one text that the model reads.

import type { ChatFile, ChatQuestion } from "./conversation.ts";

/** The files come first: models answer better if the question follows a long text. */
export function questionContent({
  text,
  files = [],
}: Pick<ChatQuestion, "text" | "files">): string {
  if (files.length === 0) return text;
  const blocks = files.map(fileBlock);
  return (text === "" ? blocks : [...blocks, text]).join("\n\n");
}

/** The fence is longer than any in the file, so that a file cannot end its own block, and its text stays as it is. */
export function fileBlock({ name, text }: ChatFile): string {
  const runs = text.match(/`{3,}/g) ?? [];
  const longest = runs.reduce((most, { length }) => Math.max(most, length), 2);
  const fence = "`".repeat(longest + 1);
  const end = text.endsWith("\n") ? "" : "\n";
  return `File: ${fileLabel(name)}\n${fence}\n${text}${end}${fence}`;
}

/** The name in one line, also for a file from an import. */
export function fileLabel(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it removes
  const line = name.replace(/[\s\u0000-\u001f\u007f-\u009f`]+/g, " ").trim();
  return line === "" ? "unnamed" : line.slice(0, MAX_NAME_CHARS);
}

const MAX_NAME_CHARS = 200;
