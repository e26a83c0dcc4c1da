// JSON schemas in which every part is allowed, but the whole is far too much work.

const MIB = 1_048_576;

export const many = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));
export const object = (count: number, value: (index: number) => unknown, name = "p") =>
  Object.fromEntries(many(count, (index) => [`${name}${index}`, value(index)]));
export const properties = (count: number, value: (index: number) => unknown) => ({
  type: "object",
  properties: object(count, value),
});
export const texts = (count: number, pattern: (index: number) => string) =>
  properties(count, (index) => ({ type: "string", pattern: pattern(index) }));
export const nested = (depth: number, wrap: (inner: unknown) => unknown, core: unknown = {}) =>
  many(depth, () => 0).reduce<unknown>((inner) => wrap(inner), core);

/** Schemas in which every part is allowed. */
export const COSTLY_SCHEMAS: Readonly<Record<string, () => object>> = {
  patterns: () => texts(1_000, (n) => `^(${many(60, (at) => `c${at}x${n}`).join("|")}){1,99}$`),
  "open patterns": () => texts(4_000, (n) => `\\w+@\\w+\\.(com|org)${n}`),
  "long patterns": () => texts(1_500, (n) => `^${".".repeat(1_900)}${n}$`),
  "equal patterns": () => texts(4_900, () => "[a-f0-9]{100}"),
  "enumerations in properties": () => properties(4_000, (n) => ({ enum: [`a${n}`, `b${n}`] })),
  "an enumeration of 4 MB": () => properties(1, () => ({ enum: many(1_900, (n) => `${n}`.padStart(2_000, "x")) })),
  "a constant of 4 MB": () => properties(1, () => ({ const: 'x\\"'.repeat(MIB / 2) })),
  "deep branches": () => ({ anyOf: [nested(28, (inner) => ({ anyOf: [inner, { type: "null" }] }), { enum: many(1_900, (n) => `${n}${"x".repeat(900)}`) })] }),
  "references in a chain": () => ({ $ref: "#/$defs/a0", $defs: object(4_900, (n) => ({ type: "object", properties: { x: { $ref: `#/$defs/a${n + 1}` } } }), "a") }),
  "products of branches": () => ({ $ref: "#/$defs/l0", $defs: { ...object(9, (n) => ({ anyOf: many(40, () => ({ $ref: `#/$defs/l${n + 1}` })) }), "l"), l9: { type: "object", properties: {} } } }),
  "branches told apart by constants": () => ({ oneOf: many(200, () => ({ ...properties(150, () => ({ const: 1 })), required: many(150, (n) => `p${n}`) })) }),
  "40,000 required names": () => ({ type: "object", properties: {}, required: many(40_000, (n) => `a${n % 9}`) }),
  "types in long lists": () => properties(800, () => ({ type: many(60, (n) => ["string", "number", "array", "object"][n % 4]), minimum: 1.5, maxLength: 99 })),
  "long names in long paths": () => ({ type: "object", properties: { a: nested(27, (inner) => ({ type: "object", properties: { ["n".repeat(60_000)]: inner } }), properties(4_000, () => true)) } }),
  "numbers between limits": () => properties(4_900, (n) => ({ type: "number", minimum: -123_456_789_012_345 - n, maximum: 987_654_321_012_345 + n })),
  "what must be left out": () => properties(4_900, (n) => (n < 60 ? { type: "string", pattern: `(?=${n})` } : { type: "integer" })),
  "members that need each other": () => ({ ...properties(400, () => ({})), dependentRequired: object(400, (n) => [`p${(n + 7) % 400}`, `p${(n + 31) % 400}`]) }),
  "dependent schemas in each other": () => ({ allOf: [nested(40, (inner) => ({ dependentSchemas: { k: inner, l: { required: ["k"] } } }))] }),
  "excluded objects": () => ({ ...properties(100, () => ({ type: "string" })), not: { anyOf: many(40, (k) => texts(100, (n) => `^${k}${n}`)) } }),
  "branches that share members": () => ({ oneOf: many(20, (n) => properties(200, () => ({ type: ["string", "null"], minLength: n }))) }),
}; // biome-ignore format: a table
