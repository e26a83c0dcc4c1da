// Which addresses an answer may link to: complete ones of the web and of mail, nothing else.

// Tested on the very text that becomes the attribute: with a tab or a newline inside "javascript" it does not match.
const SAFE_URL = /^(?:https?:\/\/|mailto:)[^\s]/i;

/** The address as it is, or null where it must not become a link. */
export function safeUrl(url: string): string | null {
  return SAFE_URL.test(url) ? url : null;
}
