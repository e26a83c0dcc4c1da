// What is wrong with a model's file, in words that name what was read and what is allowed.

/** What may be shown of a file: names come back in messages, which end in terminals and logs. */
export const PRINTABLE = /^[\x20-\x7e]+$/;

export class ModelFileError extends Error {
  override readonly name = "ModelFileError";
}
