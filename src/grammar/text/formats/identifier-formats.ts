// Formats of identifiers, encodings and other short texts as regular expressions. format-patterns.ts anchors them.
// zod names: https://github.com/colinhacks/zod, OpenAPI names: https://spec.openapis.org/registry/format/

import { either, optional } from "./either.ts";

const HEX = "[0-9A-Fa-f]";
/** https://www.rfc-editor.org/rfc/rfc9562#section-4 */
const UUID = `${HEX}{8}-${HEX}{4}-${HEX}{4}-${HEX}{4}-${HEX}{12}`;

const BASE64 = "(?:[+/0-9A-Za-z]{4})*(?:[+/0-9A-Za-z]{2}==|[+/0-9A-Za-z]{3}=)?";
const URL_SAFE = "[-_0-9A-Za-z]";
/** zod forbids the padding, pydantic requires it, RFC 4648 and OpenAPI leave it open. */
const BASE64_URL = `(?:${URL_SAFE}{4})*(?:${URL_SAFE}{2}(?:==)?|${URL_SAFE}{3}=?)?`;
const UNPADDED = `(?:${URL_SAFE}{4})*(?:${URL_SAFE}{2,3})?`;
/** The header is an object in compact JSON (`{"` encoded); the rest of it cannot be checked. */
const JWT_HEADER = `ey[I-L]${URL_SAFE}(?:${URL_SAFE}{4})*(?:${URL_SAFE}{2,3})?`;

/** https://www.rfc-editor.org/rfc/rfc5646#section-2.1 without grandfathered tags */
const LANGUAGE = [
  either("[A-Za-z]{2,3}(?:-[A-Za-z]{3}){0,3}", "[A-Za-z]{4,8}"),
  optional("-[A-Za-z]{4}"),
  optional(either("-[A-Za-z]{2}", "-[0-9]{3}")),
].join("");

const TOKEN_CHARACTER = "[-!#$%&'*+.^_`\\|~0-9A-Za-z]";
const QUOTED_STRING = '"(?:[\\t !#-\\[\\]-~]|\\\\[\\t -~])*"';
/** https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1 */
const MEDIA_RANGE = [
  either("\\*/\\*", `${TOKEN_CHARACTER}+/${TOKEN_CHARACTER}+`),
  `(?:[ \\t]*;[ \\t]*${TOKEN_CHARACTER}+=${either(`${TOKEN_CHARACTER}+`, QUOTED_STRING)})*`,
].join("");

const EMOJI_PART = "[\\p{Extended_Pictographic}\\p{Emoji_Component}]";
const EMOJI_BASE = "[\\p{Extended_Pictographic}\\p{Regional_Indicator}\\u20e3]";

/** Bodies without anchors, by format name. */
export const IDENTIFIER_FORMATS: Readonly<Record<string, string>> = {
  uuid: UUID,
  guid: UUID,
  ...Object.fromEntries(["1", "3", "4", "5", "6", "7", "8"].map(uuidFormat)), // pydantic
  // zod
  cuid: "[Cc][0-9a-z]{6,}",
  cuid2: "[0-9a-z]+",
  ulid: "[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}",
  xid: "[0-9A-Va-v]{20}",
  ksuid: "[0-9A-Za-z]{27}",
  nanoid: "[-_0-9A-Za-z]{21}",
  jwt: `${JWT_HEADER}\\.${UNPADDED}\\.${UNPADDED}`,
  e164: "\\+[1-9][0-9]{6,14}",
  emoji: `${EMOJI_PART}*${EMOJI_BASE}${EMOJI_PART}*`,
  mac: either("(?:[0-9A-F]{2}:){5}[0-9A-F]{2}", "(?:[0-9a-f]{2}:){5}[0-9a-f]{2}"),
  hex: "[0-9A-Fa-f]*",
  // zod, pydantic and OpenAPI
  base64: BASE64,
  base64url: BASE64_URL,
  // pydantic
  fraction: "-?[0-9]+(?:/0*[1-9][0-9]*|\\.[0-9]+)?",
  // OpenAPI
  char: "[\\s\\S]",
  decimal: "-?[0-9]+(?:\\.[0-9]+)?",
  language: LANGUAGE,
  "media-range": MEDIA_RANGE,
  "sf-token": "[A-Za-z*][-!#$%&'*+.^_`\\|~0-9A-Za-z:/]*",
  "sf-string": '"(?:[ !#-\\[\\]-~]|\\\\["\\\\])*"',
  "sf-binary": `:${BASE64}:`,
};

/** The version is the first digit of the third group, the variant that of the fourth. */
function uuidFormat(version: string): readonly [string, string] {
  return [`uuid${version}`, `${HEX}{8}-${HEX}{4}-${version}${HEX}{3}-[89ABab]${HEX}{3}-${HEX}{12}`];
}
