// Case and accent folding for search, and the mapping from folded text back to the original.

type Span = { readonly start: number; readonly end: number };

/** Maps `Éclair` and `eclair` to the same text, also `ﬁ` and `fi`, `ß` and `ss`. */
export function fold(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toUpperCase()
    .toLowerCase()
    .replaceAll("ς", "σ"); // the only letter with a different lower case at the end of a word
}

/** Maps a span of the folded text to the original, in whole characters with their accents. */
export function spanInOriginal(original: string, { start, end }: Span): Span {
  let [at, folded] = [0, 0];
  let [from, to] = [0, original.length];
  for (const char of original) {
    const next = folded + fold(char).length;
    if (folded <= start) from = at;
    if (folded >= end && next > folded) {
      to = at;
      break;
    }
    at += char.length;
    folded = next;
  }
  return { start: from, end: to };
}
