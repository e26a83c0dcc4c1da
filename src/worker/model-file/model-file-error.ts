// What is wrong with a model's file, in words that name what was read and what is allowed.

export class ModelFileError extends Error {
  override readonly name = "ModelFileError";
}
