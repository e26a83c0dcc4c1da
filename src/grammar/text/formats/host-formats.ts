// Formats of host names and e-mail addresses as regular expressions. format-patterns.ts anchors them.
// Host names: https://www.rfc-editor.org/rfc/rfc1123#section-2.1, https://www.rfc-editor.org/rfc/rfc5891
// E-mail: https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2, https://www.rfc-editor.org/rfc/rfc6531

import { either } from "./either.ts";
import { IPV4, IPV6 } from "./ip-formats.ts";

const END = "[0-9A-Za-z]";
const INNER = "[-0-9A-Za-z]";
/**
 * 1 to 63 letters, digits and inner hyphens. Hyphens at both the third and the fourth place announce Punycode, which is
 * not regular: left out.
 */
const LABEL = `${END}(?:${INNER}{0,2}${END}|${INNER}(?:${END}${INNER}|-${END})${INNER}{0,58}${END})?`;
/** The limit of 253 characters for the whole name is not checked: it would need thousands of states. */
const HOSTNAME = `${LABEL}(?:\\.${LABEL})*`;

/** Letters that IDNA 2008 allows at every place of a label and that are their own normal form. */
const LETTERS = [
  ...["a-z", "\\u00df-\\u00f6", "\\u00f8-\\u00ff"], // Latin
  ...["\\u03ac-\\u03ce", "\\u0430-\\u045f"], // Greek, Cyrillic
  ...["\\u0561-\\u0586", "\\u10d0-\\u10f0"], // Armenian, Georgian
  ...["\\u0905-\\u0928", "\\u0e01-\\u0e30"], // Devanagari, Thai
  ...["\\u3041-\\u3096", "\\u30a1-\\u30fa", "\\u4e00-\\u9fa5"], // Japanese, Chinese
  "\\uac00-\\ud7a3", // Korean
].join("");
const RIGHT_TO_LEFT = "\\u05d0-\\u05ea\\u0621-\\u063a\\u0641-\\u064a"; // Hebrew, Arabic
/** Short enough for 63 octets of Punycode, whatever the letters are. */
const UNICODE_LABEL = `[${LETTERS}][${LETTERS}0-9]{0,13}`;
const LEFT_TO_RIGHT_LABEL = either(LABEL, UNICODE_LABEL);
/** A name with right-to-left labels has no label that begins with a digit: https://www.rfc-editor.org/rfc/rfc5893#section-2 */
const BIDIRECTIONAL_LABEL = either("[A-Za-z]{1,63}", `[${RIGHT_TO_LEFT}]{1,14}`);
const DOT = "\\.";
/** The dots of Chinese and Japanese keyboards too: https://www.rfc-editor.org/rfc/rfc3490#section-3.1 */
const IDN_DOT = "[.\\u3002\\uff0e\\uff61]";

const ATOM_TEXT = "-0-9A-Za-z!#$%&'*+/=?^_`{\\|}~";
/** Validators differ about `<` and escapes: left out. */
const QUOTED_TEXT = " !#-;=-\\[\\]-~";
const NOT_ASCII = "\\u0080-\\ud7ff\\ue000-\\u{10ffff}";
const ADDRESS_LITERAL = `\\[${either(IPV4, `IPv6:${IPV6}`)}\\]`;

const DOT_ATOM = `[${ATOM_TEXT}]+(?:\\.[${ATOM_TEXT}]+)*`;
/** Up to 64 octets with the quotes. */
const QUOTED = `"[${QUOTED_TEXT}]{1,62}"`;
const EMAIL = `${either(DOT_ATOM, QUOTED)}@${either(HOSTNAME, ADDRESS_LITERAL)}`;

const IDN_DOT_ATOM = `[${ATOM_TEXT}${NOT_ASCII}]+(?:\\.[${ATOM_TEXT}${NOT_ASCII}]+)*`;
const IDN_QUOTED = `"[${QUOTED_TEXT}${NOT_ASCII}]{1,15}"`;
const IDN_EMAIL = `${either(IDN_DOT_ATOM, QUOTED, IDN_QUOTED)}@${either(idnHostname(DOT), ADDRESS_LITERAL)}`;

/** Words, then an address in angle brackets. pydantic refuses addresses that are valid but uncommon. */
const WORDS = "[A-Za-z]+(?: [A-Za-z]+)*";
const COMMON_EMAIL = `[0-9A-Za-z]{1,20}(?:[-+._][0-9A-Za-z]{1,20}){0,2}@(?:${LABEL}\\.)+[A-Za-z]{2,24}`;

/** Bodies without anchors, by format name. */
export const HOST_FORMATS: Readonly<Record<string, string>> = {
  hostname: HOSTNAME,
  "host-name": HOSTNAME, // draft 3
  "idn-hostname": idnHostname(IDN_DOT),
  email: EMAIL,
  "idn-email": IDN_EMAIL,
  "name-email": `${WORDS} <${COMMON_EMAIL}>`, // pydantic
};

/** Lookaheads that limit the part before the @ to 64 octets. A character may have four octets. */
export const HOST_FORMAT_LIMITS: Readonly<Record<string, string>> = {
  email: '(?=[^"@]{1,64}@|")',
  "idn-email": '(?=[!-?A-~]{1,64}@|[^"@]{1,16}@|")',
};

function idnHostname(dot: string): string {
  return either(
    `${LEFT_TO_RIGHT_LABEL}(?:${dot}${LEFT_TO_RIGHT_LABEL})*`,
    `${BIDIRECTIONAL_LABEL}(?:${dot}${BIDIRECTIONAL_LABEL})*`,
  );
}
