// Formats of URIs, IRIs, URI templates and JSON pointers as regular expressions. format-patterns.ts anchors them.
// URI: https://www.rfc-editor.org/rfc/rfc3986#appendix-A, IRI: https://www.rfc-editor.org/rfc/rfc3987#section-2.2
// Templates: https://www.rfc-editor.org/rfc/rfc6570#section-2, pointers: https://www.rfc-editor.org/rfc/rfc6901#section-3

import { either, optional } from "./either.ts";
import { IPV4, IPV6 } from "./ip-formats.ts";

/** Dots are valid, but a model that leaves out the scheme would be led to write a host as one: left out. */
const SCHEME = "[A-Za-z][-+0-9A-Za-z]*";
/** Schemes of URIs without `//`. With any other one, a model that means a host would write one. */
const OPAQUE_SCHEME = either(
  ...[
    "urn",
    "mailto",
    "tel",
    "sms",
    "news",
    "data",
    "file",
    "about",
    "geo",
    "magnet",
    "cid",
    "tag",
  ],
  ...["did", "doi", "pkg", "info", "git", "jdbc", "arn", "blob", "view-source"],
);
const ESCAPED = "%[0-9A-Fa-f]{2}";
const UNRESERVED = "-._~0-9A-Za-z";
const DELIMITERS = "!$&'()*+,;=";
const IP_LITERAL = `\\[${either(IPV6, `[Vv][0-9A-Fa-f]+\\.[${UNRESERVED}${DELIMITERS}:]+`)}\\]`;

/** Characters above ASCII that an IRI may have, and those that only its query may have. */
const UCS = [
  "\\u00a0-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\uffef",
  ...Array.from("123456789abcd", (plane) => `\\u{${plane}0000}-\\u{${plane}fffd}`),
  "\\u{e1000}-\\u{efffd}",
].join("");
const PRIVATE = "\\ue000-\\uf8ff\\u{f0000}-\\u{ffffd}\\u{100000}-\\u{10fffd}";

type UriGrammar = { readonly absolute: string; readonly reference: string };

/** With characters above ASCII it is the grammar of IRIs. */
function uriGrammar({ ucs, priv }: { readonly ucs: string; readonly priv: string }): UriGrammar {
  const text = `${UNRESERVED}${DELIMITERS}${ucs}`;
  const characters = (more: string) => either(`[${text}${more}]`, ESCAPED);
  const authority = [
    optional(`${characters(":")}*@`),
    either(IP_LITERAL, `${characters("")}*`),
    "(?::[0-9]{0,5})?",
  ].join("");
  const segments = `(?:/${characters(":@")}*)*`;
  const fromAuthority = `//${authority}${segments}`;
  const fromRoot = `/(?:${characters(":@")}+${segments})?`;
  const rootless = `${characters(":@")}+${segments}`;
  const withoutColon = `${characters("@")}+${segments}`;
  const rest = `(?:\\?${characters(`:@/?${priv}`)}*)?(?:#${characters(":@/?")}*)?`;
  const relative = `${either(fromAuthority, fromRoot, withoutColon, "")}${rest}`;
  // A scheme without a path is a URI by the letter of the RFC, but not for all validators: left out.
  const absolute = `${either(`${SCHEME}:${fromAuthority}`, `${OPAQUE_SCHEME}:${either(fromRoot, rootless)}`)}${rest}`;
  return { absolute, reference: either(absolute, relative) };
}

const URI = uriGrammar({ ucs: "", priv: "" });
const IRI = uriGrammar({ ucs: UCS, priv: PRIVATE });

/** Address of a database with several hosts: `scheme://user:password@host:port,host:port/path?query`. */
const MANY_HOSTS = (() => {
  const word = `${either(`[${UNRESERVED}]`, ESCAPED)}+`;
  const host = `${either("[A-Za-z][-._0-9A-Za-z]*", IPV4, `\\[${IPV6}\\]`)}(?::[1-9][0-9]{0,3})?`;
  const path = `(?:/${either(`[${UNRESERVED}]`, ESCAPED)}*)*`;
  const query = `(?:\\?${either(`[${UNRESERVED}=&]`, ESCAPED)}*)?`;
  return `${SCHEME}://${optional(`${word}${optional(`:${word}`)}@`)}${host}(?:,${host})*${path}${query}`;
})();

/** The apostrophe is allowed by erratum 6937 of RFC 6570. */
const TEMPLATE_LITERAL = either(`[!#$&'()*+,\\-./0-9:;=?@A-Z\\[\\]_a-z~${UCS}${PRIVATE}]`, ESCAPED);
const VARIABLE_CHARACTER = either("[0-9A-Za-z_]", ESCAPED);
const VARIABLE = `${VARIABLE_CHARACTER}(?:\\.?${VARIABLE_CHARACTER})*(?::[1-9][0-9]{0,3}|\\*)?`;
/** The operators that RFC 6570 only reserves are left out. */
const EXPRESSION = `\\{[+#./;?&]?${VARIABLE}(?:,${VARIABLE})*\\}`;

const POINTER = "(?:/(?:[^/~]|~[01])*)*";

/** Bodies without anchors, by format name. */
export const URI_FORMATS: Readonly<Record<string, string>> = {
  uri: URI.absolute,
  "uri-reference": URI.reference,
  iri: IRI.absolute,
  "iri-reference": IRI.reference,
  "multi-host-uri": MANY_HOSTS, // pydantic
  "uri-template": `${either(TEMPLATE_LITERAL, EXPRESSION)}*`,
  "json-pointer": POINTER,
  "relative-json-pointer": `(?:0|[1-9][0-9]*)${either("#", POINTER)}`,
};
