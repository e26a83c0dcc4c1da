// Parts that are not text, before the schema is applied: files of plain text become text, what the model's own tools left behind
// becomes a note, and media of the user are refused.

import { noteAbout, textOfFile } from "../shared/parts.ts";
import { isObject, unreadable } from "../shared/refusals.ts";

/** Fields of a part that hold media, or the work of a tool that Google's server runs. */
const UNREAD = [
  "inlineData",
  "fileData",
  "executableCode",
  "codeExecutionResult",
  "toolCall",
  "toolResponse",
  "audioTranscription",
] as const;

type JsonObject = Readonly<Record<string, unknown>>;

/** @throws ServiceError 400 for parts of the user or the system that a text model cannot read */
export function withReadableParts(body: unknown, prefix: string): unknown {
  if (!isObject(body)) return body;
  const { contents, systemInstruction } = body;
  const read = (content: unknown, path: string) => readContent(content, `${prefix}${path}`);
  return {
    ...body,
    ...(Array.isArray(contents)
      ? { contents: contents.map((content, index) => read(content, `contents[${index}]`)) }
      : {}),
    ...(systemInstruction === undefined
      ? {}
      : { systemInstruction: read(systemInstruction, "systemInstruction") }),
  };
}

function readContent(content: unknown, path: string): unknown {
  if (!isObject(content) || !Array.isArray(content.parts)) return content;
  const isAnswer = content.role === "model";
  const parts = content.parts.map((part: unknown, index) =>
    isObject(part) ? readPart(part, `${path}.parts[${index}]`, isAnswer) : part,
  );
  return { ...content, parts };
}

function readPart(part: JsonObject, path: string, isAnswer: boolean): JsonObject {
  const name = UNREAD.find((each) => (part[each] ?? null) !== null);
  if (name === undefined) return part;
  const given = isObject(part[name]) ? part[name] : {};
  const { [name]: _removed, ...others } = part;
  const text = textOf(name, given, { path: `${path}.${name}`, isAnswer });
  return { ...others, text };
}

type Place = { readonly path: string; readonly isAnswer: boolean };

function textOf(
  name: (typeof UNREAD)[number],
  given: JsonObject,
  { path, isAnswer }: Place,
): string {
  switch (name) {
    case "executableCode":
      return fenced(given.code, String(given.language ?? "").toLowerCase());
    case "codeExecutionResult":
      return fenced(given.output, "");
  }
  const text = name === "inlineData" ? textOfFile(given.mimeType, given.data) : null;
  if (text !== null) return text;
  const isMedia = name === "inlineData" || name === "fileData" || name === "audioTranscription";
  if (isMedia && !isAnswer) throw unreadable(path, path);
  return noteAbout(typeof given.mimeType === "string" ? given.mimeType : name);
}

function fenced(text: unknown, language: string): string {
  const word = language.replaceAll(/[^a-z]/g, "");
  return `\n\`\`\`${word}\n${typeof text === "string" ? text : ""}\n\`\`\`\n`;
}
