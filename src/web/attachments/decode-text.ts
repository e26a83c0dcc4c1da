// Decodes the bytes of a text file: UTF-8, or UTF-16 with a byte order mark.

type Decoded = { readonly text: string } | { readonly problem: "binary" | "encoding" };

export function decodeText(buffer: ArrayBuffer): Decoded {
  const bytes = new Uint8Array(buffer);
  try {
    const text = new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
    return hasBinary(text) ? { problem: "binary" } : { text };
  } catch {
    return { problem: bytes.includes(0) ? "binary" : "encoding" };
  }
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
}

/** Text files have tabs, line breaks, form feeds and terminal escapes, but no other control characters. */
function hasBinary(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
  return /[\u0000-\u0007\u000e-\u001a\u001c-\u001f]/.test(text);
}
