// An error in a model file. Its message names the element, its value and the allowed values.

/** Names must be printable, because messages show them in terminals and logs. */
export const PRINTABLE = /^[\x20-\x7e]+$/;

export class ModelFileError extends Error {
  override readonly name = "ModelFileError";
}
