// Random JSON schemas: every keyword with valid and invalid values, nested and with references to each other.

import fc from "fast-check";

const TYPES = ["string", "number", "integer", "boolean", "null", "object", "array"] as const;
const FORMATS = [
  "date",
  "time",
  "date-time",
  "duration",
  "uuid",
  "ipv4",
  "ipv6",
  "hostname",
  "email",
  "uri",
];
const NAMES = ["a", "b", "", "a/b", "~", "%", "é", "\u0000", "constructor", "$ref", "type"];
const REFERENCES = [
  "#",
  "#/$defs/a",
  "#/$defs/b",
  "#/properties/a",
  "#/anyOf/0",
  "#/items",
  "#a",
  "",
];

/** Regular expressions assembled from pieces that may or may not fit together. */
function randomPattern(): fc.Arbitrary<string> {
  const atom = fc.constantFrom(
    "a",
    ".",
    "\\d",
    "[a-c]",
    "[^\\n]",
    "\\w",
    "(a|b)",
    "(a?b?)",
    "[\\u0000-\\uffff]",
    "é",
    "\\\\",
    "[]",
    "[^]",
  );
  const times = fc.constantFrom(
    "",
    "",
    "*",
    "+",
    "?",
    "{2}",
    "{0,3}",
    "{1,}",
    "{50}",
    "*?",
    "{1000}",
  );
  const piece = fc.tuple(atom, times).map(([each, count]) => each + count);
  const pieces = fc.array(piece, { minLength: 1, maxLength: 5 }).map((all) => all.join(""));
  const group = fc
    .tuple(pieces, pieces, times)
    .map(([one, other, count]) => `(${one}|${other})${count}`);
  const nested = fc
    .tuple(group, group, times)
    .map(([one, other, count]) => `((?:${one})${other})${count}`);
  return fc.oneof(pieces, group, nested).map((text) => `^${text}$`);
}

export function randomSchema(): fc.Arbitrary<unknown> {
  const count = fc.constantFrom(0, 1, 2, 3, 17, 1_000, 65_536, 65_537, -1, 0.5);
  const bound = fc.oneof(
    fc.integer({ min: -1_000, max: 100_000 }),
    fc.constantFrom(0.1, -1e15, 1e15, 1e300, -0.000001),
  );
  const { schema } = fc.letrec<{ schema: unknown }>((tie) => {
    const inner = tie("schema");
    const record = (fields: Record<string, fc.Arbitrary<unknown>>) =>
      fc.record(fields, { requiredKeys: [] });
    const named = fc.dictionary(fc.constantFrom(...NAMES), inner, { maxKeys: 6 });
    const plain = fc.oneof(
      record({ type: fc.constantFrom(...TYPES), nullable: fc.boolean(), title: fc.string() }),
      record({ type: fc.constant("string"), minLength: count, maxLength: count }),
      record({ type: fc.constant("string"), pattern: randomPattern() }),
      record({ type: fc.constant("string"), format: fc.constantFrom(...FORMATS) }),
      record({ type: fc.constantFrom("integer", "number"), minimum: bound, maximum: bound }),
      record({ type: fc.constant("integer"), exclusiveMinimum: bound, exclusiveMaximum: bound }),
      record({ enum: fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 8 }) }),
      record({ const: fc.jsonValue({ maxDepth: 2 }) }),
      record({ $ref: fc.constantFrom(...REFERENCES) }),
      fc.constantFrom(true, false, {}, null),
    );
    const list = record({
      type: fc.constant("array"),
      items: inner,
      minItems: count,
      maxItems: count,
    });
    const tuple = record({ prefixItems: fc.array(inner, { maxLength: 4 }), items: inner });
    const object = record({
      type: fc.constant("object"),
      properties: named,
      required: fc.array(fc.constantFrom(...NAMES), { maxLength: 4 }),
      additionalProperties: inner,
      $defs: named,
    });
    const choice = record({ anyOf: fc.array(inner, { maxLength: 5 }), $defs: named });
    const one = record({
      oneOf: fc.array(inner, { maxLength: 3 }),
      allOf: fc.array(inner, { maxLength: 2 }),
    });
    return {
      schema: fc.oneof(
        { depthSize: "medium", withCrossShrink: true },
        plain,
        object,
        list,
        choice,
        tuple,
        one,
      ),
    };
  });
  return schema;
}
