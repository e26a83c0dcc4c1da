// Content that is not plain text, in any API: documents of text become text, and what a text model cannot read becomes a note.

import { invalidValue } from "./refusals.ts";

const TEXT_TYPE =
  /^(text\/|application\/(json|ld\+json|xml|yaml|x-yaml|toml|sql|javascript|x-javascript|typescript|x-typescript|x-python|x-sh|x-ndjson)\b)/i;

/** Whether a file of this media type is plain text. */
export function isTextType(mediaType: unknown): boolean {
  return typeof mediaType === "string" && TEXT_TYPE.test(mediaType);
}

const BASE64 = /^[\w+/-]*={0,2}$/;

/** @throws ServiceError 400 for data that is not base64 of text in UTF-8 */
export function textOfBase64(data: unknown, param: string): string {
  const text = typeof data === "string" ? data.replaceAll(/\s/g, "") : null;
  if (text === null || !BASE64.test(text)) throw invalidValue(param, "must be a text in base64");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(text, "base64"));
  } catch {
    throw invalidValue(param, "must be a text in UTF-8, in base64");
  }
}

/** Stands for a part of the conversation that cannot be read, so that the model knows of it. @param what e.g. `image/png` */
export function noteOf(what: string): string {
  return `[${what.slice(0, 100).toWellFormed()}: left out, because this model reads only text]`;
}
