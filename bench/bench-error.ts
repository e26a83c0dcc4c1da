// An error that the user can fix: an invalid option, or a server that does not answer.

/** Its one-line message says what is wrong and what is allowed. */
export class BenchError extends Error {
  override readonly name = "BenchError";
}
