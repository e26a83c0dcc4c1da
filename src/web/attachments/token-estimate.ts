// How many tokens a text has, about: for models that are not loaded, whose tokenizer cannot be asked.

const BYTES_PER_TOKEN = 4;
/** Enough to know what kind of text it is. */
const SAMPLE_CHARS = 50_000;

/** Bytes are a better measure than characters: a Chinese character has three bytes and about one token. */
export function estimateTokens(text: string): number {
  if (text === "") return 0;
  const sample = text.slice(0, SAMPLE_CHARS);
  const bytesPerChar = new TextEncoder().encode(sample).length / sample.length;
  return Math.ceil((text.length * bytesPerChar) / BYTES_PER_TOKEN);
}
