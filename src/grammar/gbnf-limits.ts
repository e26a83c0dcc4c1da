// Limits of a grammar that a client wrote: llama.cpp reads it in the process of the model, recursively and writing every
// repetition out. What would take it down or hold it up is found here, without understanding the rest.

const MOST_DEPTH = 50;
const MOST_RULES = 1_000;
const MOST_REPEATS = 1_000;
/** Of what repetitions write out, in characters of the grammar. */
const MOST_WRITTEN_OUT = 20_000;

const TOKEN = /"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|#[^\n]*|::=|\(|\)|\{(\d*)(,?)(\d*)\}|[\w-]+/g;

/** @returns why the grammar is not read; null when it may be. Whether it is a grammar at all, llama.cpp says. */
export function gbnfProblem(grammar: string): string | null {
  const groups: number[] = [];
  let rules = 0;
  let writtenOut = 0;
  let atomStart = 0;
  for (const match of grammar.matchAll(TOKEN)) {
    const [token, min, , max] = match;
    if (token.startsWith("#")) continue;
    if (token === "(") groups.push(match.index);
    else if (token === ")") atomStart = groups.pop() ?? match.index;
    else if (token === "::=") rules += 1;
    else if (token.startsWith("{")) {
      const count = Math.max(Number(min), Number(max));
      if (count > MOST_REPEATS) return `repeats at most ${MOST_REPEATS} times, not ${count}`;
      writtenOut += count * (match.index - atomStart);
    } else atomStart = match.index;
    if (groups.length > MOST_DEPTH) return `nests at most ${MOST_DEPTH} groups`;
    if (rules > MOST_RULES) return `has at most ${MOST_RULES} rules`;
    if (writtenOut > MOST_WRITTEN_OUT)
      return `has repetitions of at most ${MOST_WRITTEN_OUT} characters, written out`;
  }
  return null;
}
