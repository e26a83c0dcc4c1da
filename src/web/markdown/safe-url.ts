// Decides which URLs an answer may link to: only complete http, https and mailto URLs.

// Tested against the exact attribute value, so tabs or newlines inside "javascript" do not get past it.
const SAFE_URL = /^(?:https?:\/\/|mailto:)[^\s]/i;

/** The URL unchanged; null if it must not become a link. */
export function safeUrl(url: string): string | null {
  return SAFE_URL.test(url) ? url : null;
}
