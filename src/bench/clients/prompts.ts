// Prompts that are in no cache.

const WORDS =
  "stream queue token slot model server answer prompt cache reader writer batch step clock".split(
    " ",
  );

/** Random plain words, different each time. Most vocabularies have one token per word. */
export function randomPrompt(words: number): string {
  return Array.from({ length: words }, () => WORDS[Math.floor(Math.random() * WORDS.length)]).join(
    " ",
  );
}
