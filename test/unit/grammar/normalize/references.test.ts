// References within a schema: where they lead, and what is said of those that lead nowhere.

import { expect, test } from "vitest";
import { References } from "../../../../src/grammar/normalize/references.ts";
import { MistakeError } from "../../../../src/grammar/schema-keywords.ts";

const DOCUMENT = {
  $id: "https://example.org/schemas/root.json",
  $defs: {
    plain: { const: 1 },
    "a/b~c d": { const: 2 },
    anchored: { $anchor: "here", const: 3 },
    dynamic: { $dynamicAnchor: "there", const: 4 },
    part: { $id: "https://example.org/schemas/part.json", $defs: { deep: { const: 5 } }, const: 6 },
    old: { id: "#old", const: 7 },
    list: [{ const: 8 }],
    chain: { $ref: "#/$defs/plain" },
    loop: { $ref: "#/$defs/loop" },
  },
}; // biome-ignore format: a table
const references = new References(DOCUMENT, () => undefined);

test.each([
  ["#/$defs/plain", 1],
  ["#/$defs/a~1b~0c%20d", 2],
  ["#here", 3],
  ["#there", 4],
  ["https://example.org/schemas/part.json", 6],
  ["part.json", 6],
  ["part.json#/$defs/deep", 5],
  ["root.json#/$defs/plain", 1],
  ["#old", 7],
  ["#/$defs/list/0", 8],
])("%s leads into the schema", (ref, value) => {
  expect(references.resolve(ref)).toMatchObject({ const: value });
});

test("# is the whole schema", () => {
  expect(references.resolve("#")).toBe(DOCUMENT);
  expect(references.resolve("root.json")).toBe(DOCUMENT);
});

test.each([
  ["#/$defs/none", "does not exist"],
  ["#/$defs/plain/const/toString", "does not exist"],
  ["#/constructor", "does not exist"],
  ["#nowhere", "is not in the schema"],
  ["https://example.org/other.json", "references to other documents are not followed"],
  ["#/%zz", "invalid % escape"],
])("%s is refused", (ref, reason) => {
  expect(() => references.resolve(ref)).toThrow(MistakeError);
  expect(() => references.resolve(ref)).toThrow(reason);
});

test("a dynamic reference leads somewhere only if one schema can be meant", () => {
  const one = { $defs: { a: { $dynamicAnchor: "node", const: 1 } } };
  const two = { ...one, items: { $dynamicAnchor: "node", const: 2 } };

  expect(new References(one, () => undefined).resolveDynamic("#node")).toBe(one.$defs.a);
  expect(() => new References(two, () => undefined).resolveDynamic("#node")).toThrow(
    "cannot be enforced",
  );
});

test("the schema is searched for anchors once, at the expense of its budget", () => {
  let spent = 0;
  const counted = new References(DOCUMENT, (units) => { spent += units; }); // biome-ignore format: one line

  counted.resolve("#/$defs/plain");
  expect(spent).toBe(0);
  counted.resolve("#here");
  const first = spent;
  counted.resolve("#there");
  expect(first).toBeGreaterThan(10);
  expect(spent).toBe(first);
});

test.each([
  ["http://json-schema.org/draft-04/schema#", true],
  ["http://json-schema.org/draft-07/schema#", true],
  ["https://json-schema.org/draft/2020-12/schema", false],
  [undefined, false],
])("of %s, keywords that a reference excludes do not count: %s", ($schema, expected) => {
  const document = $schema === undefined ? {} : { $schema };

  expect(new References(document, () => undefined).isOldDraft).toBe(expected);
});
