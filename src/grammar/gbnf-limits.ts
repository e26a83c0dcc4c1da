// Limits on grammars written by clients. llama.cpp parses them recursively in the worker process and expands every
// repetition. This check finds what would crash or stall it, without parsing the rest.

const MOST_DEPTH = 50;
const MOST_RULES = 1_000;
const MOST_REPEATS = 1_000;
/** Limit on expanded repetitions, in characters of the grammar. */
const MOST_EXPANDED = 20_000;

const TOKEN = /"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|#[^\n]*|::=|\(|\)|\{(\d*)(,?)(\d*)\}|[\w-]+/g;

/** @returns why the grammar is refused, worded to follow "a grammar"; null if it is accepted. llama.cpp checks the syntax. */
export function gbnfProblem(grammar: string): string | null {
  const groups: number[] = [];
  let rules = 0;
  let expanded = 0;
  let atomStart = 0;
  for (const match of grammar.matchAll(TOKEN)) {
    const [token, min, , max] = match;
    if (token.startsWith("#")) continue;
    if (token === "(") groups.push(match.index);
    else if (token === ")") atomStart = groups.pop() ?? match.index;
    else if (token === "::=") rules += 1;
    else if (token.startsWith("{")) {
      const count = Math.max(Number(min), Number(max));
      if (count > MOST_REPEATS) return `may repeat at most ${MOST_REPEATS} times, not ${count}`;
      expanded += count * (match.index - atomStart);
    } else atomStart = match.index;
    if (groups.length > MOST_DEPTH) return `may nest at most ${MOST_DEPTH} groups`;
    if (rules > MOST_RULES) return `may have at most ${MOST_RULES} rules`;
    if (expanded > MOST_EXPANDED)
      return `may expand its repetitions to at most ${MOST_EXPANDED} characters`;
  }
  return null;
}
