// String formats of JSON Schema as regular expressions: those of draft 2020-12, those that zod and pydantic write, and those
// that OpenAPI registers. The string compiler asks for them by name. Other formats are annotations.
// Formats: https://json-schema.org/draft/2020-12/json-schema-validation#section-7.3
// OpenAPI: https://spec.openapis.org/registry/format/

import { HOST_FORMAT_LIMITS, HOST_FORMATS } from "./formats/host-formats.ts";
import { IDENTIFIER_FORMATS } from "./formats/identifier-formats.ts";
import { IP_FORMATS } from "./formats/ip-formats.ts";
import { REGEX_FORMATS } from "./formats/regex-format.ts";
import { TIME_FORMATS } from "./formats/time-formats.ts";
import { URI_FORMATS } from "./formats/uri-formats.ts";

const BODIES: Readonly<Record<string, string>> = {
  ...TIME_FORMATS,
  ...HOST_FORMATS,
  ...IP_FORMATS,
  ...URI_FORMATS,
  ...IDENTIFIER_FORMATS,
  ...REGEX_FORMATS,
};

/**
 * ECMAScript expressions for the u flag: `^`, perhaps a lookahead, `(?:...)`, `$`; no back-references. They follow the RFC
 * of their format where validators differ. Where a format is not regular, or its automaton would be large, they accept
 * fewer texts than the format. The exceptions, which are not checked: the total length of a host name, the JSON inside a
 * JWT, the day of the week of an HTTP date.
 *
 * Absent are formats of numbers, formats without a rule for the text (`binary`, `password`, paths) and names that zod writes
 * only beside a `pattern` that says the same (hashes, currency codes) or that need a checksum (card numbers, IBAN).
 */
export const FORMAT_PATTERNS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(BODIES).map(([format, body]) => [
    format,
    `^${HOST_FORMAT_LIMITS[format] ?? ""}(?:${body})$`,
  ]),
);

const LABEL = "[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*";
const HOST = `${LABEL}(?:\\.${LABEL})*`;
const MARKS = "-a-zA-Z0-9._~!$&'()*+,;=:@";
const PATH = `(?:[${MARKS}/]|%[0-9a-fA-F]{2})*`;
const QUERY = `(?:[${MARKS}/?]|%[0-9a-fA-F]{2})*`;

/** Patterns with small automata for the common texts of formats with large ones, to combine a format with other keywords. */
export const SHORT_FORMATS: Readonly<Record<string, string>> = {
  email: `^[a-zA-Z0-9_+-]+(?:\\.[a-zA-Z0-9_+-]+)*@${LABEL}(?:\\.${LABEL})+$`,
  hostname: `^${HOST}$`,
  uri: `^(?:[a-zA-Z][a-zA-Z0-9+-]*://${HOST}(?::[0-9]{1,5})?(?:/${PATH})?|(?:urn|mailto|tel|data|did):[${MARKS}]${PATH})(?:[?]${QUERY})?(?:#${QUERY})?$`,
};
/** Texts up to this number of characters cannot break the format's limits on the length of their parts. */
export const SHORT_FORMAT_CHARS: Readonly<Record<string, number>> = { email: 63, hostname: 63 };

export const FORMAT_NAMES: readonly string[] = Object.keys(FORMAT_PATTERNS);

/** Whether the format limits texts. Other formats are annotations. */
export function isKnownFormat(format: unknown): format is string {
  return typeof format === "string" && Object.hasOwn(FORMAT_PATTERNS, format);
}
