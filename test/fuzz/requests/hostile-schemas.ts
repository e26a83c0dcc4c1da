// JSON schemas, patterns and grammars that could block a server or a model. Each must be refused, or compiled and enforced.

const nested = (depth: number, wrap: (inner: unknown) => object): unknown => {
  let schema: unknown = { type: "string" };
  for (let level = 0; level < depth; level++) schema = wrap(schema);
  return schema;
};
const inA = (a: unknown, more: object = {}) => ({
  type: "object",
  properties: { a },
  required: ["a"],
  ...more,
});
const many = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));
const optional = (count: number) => ({
  type: "object",
  properties: Object.fromEntries(
    many(count, (index) => [`p${index}`, { type: "integer" }] as const),
  ),
});
const lists = (most: number, items: unknown) => ({ type: "array", items, maxItems: most });

const PATTERNS: readonly string[] = [
  "^(a|a)*$",
  "^(a+)+$",
  "^((a?){50}){50}$",
  "^(a|aa|aaa|aaaa){1,1000}$",
  `^${"a?".repeat(40)}$`,
  `^${"(".repeat(200)}a${")".repeat(200)}$`,
  "a{65536}",
  "(x{1000}){1000}",
  "[\\u0000-\\uffff]{1000}",
  "(?=a)b",
  "(?<!a)b",
  "\\1(a)",
  "[z-a]",
  "[",
  "(",
  "*",
  "a{5,2}",
  "a{999999999999}",
  "\\p{L}\\b",
  "^$",
  "",
  "\ud800",
  "(|a)*b",
];

export const SCHEMAS: readonly unknown[] = [
  ...PATTERNS.map((pattern) => inA({ type: "string", pattern })),
  true,
  {},
  inA({ $ref: "#" }),
  { $ref: "#" },
  { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } },
  { $ref: "#/$defs/a~1b%25", $defs: { "a/b%": { type: "null" } } },
  { $ref: "http://example.com/schema" },
  { anyOf: many(3000, (index) => ({ const: index })) },
  { anyOf: many(60, () => ({ anyOf: many(60, () => ({ type: "string" })) })) },
  { oneOf: [{ type: "string" }, { type: "string" }] },
  { enum: many(2000, (index) => `value ${index}`) },
  { enum: many(2001, (index) => index) },
  { enum: [] },
  { enum: [{ a: [1, { b: null }] }, "\u0000", "\ud800"] },
  { const: "<|im_end|>" },
  { const: "x".repeat(100_000) },
  optional(12),
  optional(300),
  optional(5_000),
  lists(65_536, true),
  lists(1_000, lists(1_000, lists(1_000, true))),
  { type: "array", minItems: 65_536, items: { type: "null" } },
  { type: "array", minItems: 5, maxItems: 2 },
  { type: "string", minLength: 65_536 },
  { type: "string", maxLength: 1e308 },
  { type: "integer", minimum: -1e308, maximum: 1e308 },
  { type: "integer", minimum: 5, maximum: 4 },
  { type: "number", exclusiveMinimum: 0, exclusiveMaximum: Number.MIN_VALUE },
  { type: "integer", minimum: Number.MAX_SAFE_INTEGER },
  { type: ["string", "null", "integer", "object", "array", "boolean"] },
  { type: "object", additionalProperties: { $ref: "#" } },
  { type: "object", properties: { "": {}, "\u0000": {}, '"\\': {}, constructor: {} } },
  { type: "object", required: ["a", "a", "toString"], properties: { a: {} } },
  { type: "string", format: "regex" },
  { allOf: [inA(true), inA(false)] },
  { not: {} },
  nested(90, (inner) => inA(inner)),
  nested(90, (inner) => ({ type: "array", items: inner, maxItems: 2 })),
  nested(60, (inner) => ({ anyOf: [inner, { type: "null" }] })),
  nested(12, (inner) => ({ anyOf: [inner, inner] })),
];

export const GRAMMARS: readonly string[] = [
  'root ::= "a"*',
  "root ::= root",
  'root ::= root "a" | ""',
  'root ::= ("a"?){1000000}',
  `root ::= ${"(".repeat(10_000)}`,
  "root ::= [^\u0000-\u{10ffff}]",
  "no root",
  "root ::= <[999999999]>",
];
