// Parts of messages that are not plain text: documents of text become text, and what a model cannot read
// inside a tool result or an answer becomes a note, because the client cannot take it out of its history.

import { z } from "zod";
import * as field from "./field-types.ts";
import { isObject } from "./refusals.ts";

/** The text of a tool result or an answer: parts of any type, because clients did not write them themselves. */
export const anyContent = z
  .union(
    [
      z.string(),
      z.array(
        z.looseObject({
          type: field.text("The form of this object."),
          text: field.text("The text."),
          refusal: field.text("The text of a refusal."),
          annotations: field.ignored("Ignored."),
          logprobs: field.ignored("Ignored."),
        }),
      ),
    ],
    { error: "must be a string, or a list of parts" },
  )
  .nullish()
  .describe("The text, or a list of parts. A note stands for parts that a model cannot read.");

/** Media types of documents that are text. */
const TEXT_TYPE = /^(text\/[\w.+-]+|application\/([\w.-]+\+)?(json|xml|yaml|x-ndjson|javascript))$/;
const DATA_URL = /^data:([^;,]{0,100})(;[^,]{0,100})?,/;
/** Types are quoted in notes only if they look like one. */
const TYPE = /^[\w./+-]{1,80}$/;

/** The text of a document, with its name before it; null if it is not a text in a data URL. */
export function textDocument(dataUrl: unknown, filename: unknown): string | null {
  const [prefix = "", type = "", options = ""] =
    typeof dataUrl === "string" ? (DATA_URL.exec(dataUrl) ?? []) : [];
  if (typeof dataUrl !== "string" || !isTextType(type)) return null;
  const text = decoded(dataUrl.slice(prefix.length), options.includes(";base64"));
  if (text === null) return null;
  const name = typeof filename === "string" && filename !== "" ? `${filename}:\n` : "";
  return `${name}${text}\n\n`;
}

/** The text of a file; null if it is not a text. @param data in base64 */
export function textOfFile(mediaType: unknown, data: unknown): string | null {
  if (typeof mediaType !== "string" || typeof data !== "string") return null;
  const [type = ""] = mediaType.split(";");
  return isTextType(type.trim()) ? decoded(data, true) : null;
}

function isTextType(type: string): boolean {
  return TEXT_TYPE.test(type.toLowerCase());
}

/** Null if it is not UTF-8. */
function decoded(data: string, isBase64: boolean): string | null {
  try {
    const bytes = Buffer.from(
      isBase64 ? data : decodeURIComponent(data),
      isBase64 ? "base64" : "utf8",
    );
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** The text of a tool result or an answer, in which a note stands for each part that a model cannot read. */
export function textWithNotes(given: unknown): string {
  if (given === null || given === undefined) return "";
  if (typeof given === "string") return given;
  if (!Array.isArray(given)) return JSON.stringify(given);
  return given.map(textOrNote).join("");
}

function textOrNote(part: unknown): string {
  if (typeof part === "string") return part;
  if (!isObject(part)) return JSON.stringify(part);
  const { type, text, refusal, file, file_data, filename } = part;
  if (typeof text === "string") return text;
  if (typeof refusal === "string") return refusal;
  const source = isObject(file) ? file : { file_data, filename };
  return textDocument(source.file_data, source.filename) ?? noteAbout(type);
}

/** @param type of a part, or a media type */
export function noteAbout(type: unknown): string {
  const kind = typeof type === "string" && TYPE.test(type) ? type : "unknown";
  if (/image|screenshot/.test(kind)) return "[an image that this model cannot see]";
  if (/audio/.test(kind)) return "[audio that this model cannot hear]";
  if (/file|document|^application\//.test(kind)) return "[a file that this model cannot read]";
  return `[a part of type ${kind} that this model cannot read]`;
}
