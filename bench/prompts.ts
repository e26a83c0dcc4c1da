// Prompts that no cache knows.

const WORDS =
  "stream queue token slot model server answer prompt cache reader writer batch step clock".split(
    " ",
  );

/** So many plain words, different each time. Most vocabularies have a token for each. */
export function randomPrompt(words: number): string {
  return Array.from({ length: words }, () => WORDS[Math.floor(Math.random() * WORDS.length)]).join(
    " ",
  );
}
