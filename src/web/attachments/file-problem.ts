// Why a file cannot be attached.

/** The message continues a sentence that begins with the file's name: "it is not text." */
export class FileProblem extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
  }
}
