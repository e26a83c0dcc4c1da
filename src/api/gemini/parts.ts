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
  // Other parts beside the result of a function belong to that result: Gemini CLI sends a picture that a tool has read this way.
  const isHistory =
    content.role === "model" ||
    content.parts.some((part: unknown) => isObject(part) && isObject(part.functionResponse));
  const parts = content.parts.map((part: unknown, index) =>
    isObject(part) ? readPart(part, `${path}.parts[${index}]`, isHistory) : part,
  );
  return { ...content, parts };
}

function readPart(part: JsonObject, path: string, isHistory: boolean): JsonObject {
  const name = UNREAD.find((each) => (part[each] ?? null) !== null);
  if (name === undefined) return part;
  const given = isObject(part[name]) ? part[name] : {};
  const { [name]: _removed, ...others } = part;
  const text = textOf(name, given, { path: `${path}.${name}`, isHistory });
  return { ...others, text };
}

/** In the history the client cannot take a part out, so that a note stands for it. */
type Place = { readonly path: string; readonly isHistory: boolean };

function textOf(
  name: (typeof UNREAD)[number],
  given: JsonObject,
  { path, isHistory }: Place,
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
  if (isMedia && !isHistory) throw unreadable(path, path);
  return noteAbout(typeof given.mimeType === "string" ? given.mimeType : name);
}

function fenced(text: unknown, language: string): string {
  const word = language.replaceAll(/[^a-z]/g, "");
  return `\n\`\`\`${word}\n${typeof text === "string" ? text : ""}\n\`\`\`\n`;
}
