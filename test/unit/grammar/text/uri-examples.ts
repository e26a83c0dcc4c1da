// Examples of URIs, IRIs, URI templates and JSON pointers.

import type { FormatExamples } from "./format-examples.ts";

const URIS = [
  ...["http://foo.bar/?baz=qux#quux", "http://foo.com/blah_(x)_blah#cite-1", "http://foo.bar/?q=a%20b"],
  ...["http://-.~_!$&'()*+,;=:%40:80%2f::::::@example.com", "http://223.255.255.254", "http://999.9.9.9/"],
  ...["ldap://[2001:db8::7]/c=GB?objectClass?one", "http://[v1.fe:x]", "http://localhost:8080", "http://h:/"],
  ...["mailto:John.Doe@example.com", "tel:+1-816-555-1212", "urn:oasis:names:4.1.2", "file:///etc/hosts"],
  ...["data:text/plain,a", "file:/b"],
]; // biome-ignore format: a list
/** Neither absolute nor relative. */
const NOT_REFERENCES = [
  ...["\\\\WINDOWS\\fileshare", "http:// shouldfail.com", "https://[@example.org/", "http://[::1", "http:/[::1]"],
  ...["https://example.org/a\\b", 'https://example.org/"', "https://example.org/<>", "https://example.org/{}"],
  ...["https://example.org/a b", "http://a.b/%6G", "http://a.b/%A", "http://a.b/%", "1http://a.b", "ht_tp://a.b"],
  ...["http://a.b:c/", "http://a@b@c/", "http://[::ffff:01.2.3.4]", "http://2001:db8::1", "a#b#c", "#a\\b"],
]; // biome-ignore format: a list
const RELATIVE = [
  "//foo.bar/?a#b",
  "/abc",
  "abc",
  "",
  "#fragment",
  "?query=1",
  "//",
  "./this:that",
];
const UNICODE_URIS = ["http://ƒøø.ßår/?∂éœ=πîx#πîüx", "http://a.b/\u{10300}", "urn:é"];

export const URI_EXAMPLES: FormatExamples = {
  uri: { valid: URIS, invalid: [...NOT_REFERENCES, ...RELATIVE, ...UNICODE_URIS, "http:"] },
  "uri-reference": { valid: [...URIS, ...RELATIVE], invalid: [...NOT_REFERENCES, ...UNICODE_URIS] },
  iri: {
    valid: [...URIS, ...UNICODE_URIS, "http://a.b/?\ue000\u{f0000}"],
    invalid: [
      ...NOT_REFERENCES,
      ...RELATIVE,
      "âππ",
      "http://a.b/\ue000",
      "http://a.b/\ufffe",
      "é:b",
    ],
  },
  "iri-reference": {
    valid: [...URIS, ...RELATIVE, ...UNICODE_URIS, "/âππ", "#ƒrägmênt"],
    invalid: [...NOT_REFERENCES, "#ƒräg\\mênt", "\ue000"],
  },
  "multi-host-uri": {
    valid: ["postgres://user:pass@host1:5432,host2:5432/db?a=b", "redis://localhost:6379/0", "kafka://[::1]:9092,10.0.0.1"], // biome-ignore format: a list
    invalid: ["postgres://", "postgres:/db", "postgres://host1,,host2/db", "//host/db", "postgres://h:99999/db"], // biome-ignore format: a list
  },
  "uri-template": {
    valid: [
      ...[
        "http://example.com/dictionary/{term:1}/{term}",
        "dictionary",
        "",
        "a%41b",
        "a\u{1f600}b",
        "a'b",
      ],
      ...[
        "{+var}",
        "{#var}",
        "{.var}",
        "{/var}",
        "{;var}",
        "{?x,y}",
        "{&var*}",
        "{a.b}",
        "{%41}",
        "{v:9999}",
      ],
    ],
    invalid: [
      ...[
        "{term",
        "term}",
        "{}",
        "{a,,b}",
        "{a,}",
        "{v:0}",
        "{v:01}",
        "{v:10000}",
        "{a..b}",
        "{a:3*}",
      ],
      ...["{var=def}", "{,+var}", "{=var}", "a b", "a\u007fb", "a%4", "a\\b", "{a{b}}", "<a>"],
    ],
  },
  "json-pointer": {
    valid: ["", "/", "/foo/bar~0/baz~1/%a", "/foo//bar", "/a b\n", "/\u{1f60e}", "/~1~0~0~1~1"],
    invalid: ["a", "0", "#", "#/a", "/foo/bar~", "/~2", "/~0~", "/~~"],
  },
  "relative-json-pointer": {
    valid: ["1", "0/foo/bar", "2/0/baz~1", "0#", "120/foo", "0//"],
    invalid: ["", "/foo/bar", "-1/foo", "+1/foo", "01/a", "01#", "0##", "1#/foo", "0/~2", "٣/foo"],
  },
};
