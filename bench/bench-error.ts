// What the one who started the benchmark can mend: a bad option, a server that does not answer.

/** Its message is one line that says what is wrong and what is allowed. */
export class BenchError extends Error {
  override readonly name = "BenchError";
}
