// Text without case and accents, to be compared; and the way back to the text as it was.

type Span = { readonly start: number; readonly end: number };

/** `Éclair` and `eclair` are the same, also `ﬁ` and `fi`, `ß` and `ss`. */
export function fold(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toUpperCase()
    .toLowerCase()
    .replaceAll("ς", "σ"); // the one letter whose small form depends on its neighbours
}

/** Where a place in the folded text was in the original one, in whole characters with their accents. */
export function placeInOriginal(original: string, { start, end }: Span): Span {
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
