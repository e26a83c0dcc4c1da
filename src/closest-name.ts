// Finds the name that a mistyped one was probably meant to be, for errors. Pure.

/** The time grows with the product of both lengths, and a name that is so long was not mistyped. */
const LONGEST_COMPARED = 100;

/** @returns words to append to an error, or nothing if no known name is similar */
export function suggestionFor(given: string, known: readonly string[]): string {
  if (given.length > LONGEST_COMPARED) return "";
  const letters = lettersOf(given);
  const limit = mostTypos(letters.length);
  const [closest] = known
    .map((name) => ({ name, letters: lettersOf(name) }))
    .filter((each) => Math.abs(each.letters.length - letters.length) <= limit)
    .map(({ name, letters: other }) => ({ name, distance: editDistance(letters, other) }))
    .sort((a, b) => a.distance - b.distance);
  if (!closest || closest.distance > limit || closest.distance >= letters.length) return "";
  return ` (did you mean ${closest.name}?)`;
}

/** Two letters in the wrong order count as two. */
function mostTypos(letters: number): number {
  return letters < 4 ? 1 : Math.max(2, letters / 3);
}

/** `queueTimeout` and `queue_timeout` differ from `queue-timeout` in nothing that matters. */
function lettersOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z\d]/g, "");
}

/** How many characters to insert, remove or replace (Levenshtein distance). */
export function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...to].entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
