// Mutations: plain data in, bodies out, and the same bodies for the same seed.

import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesOf, recipes, requestOf } from "../../fuzz/requests/hostile-requests.ts";
import { raw, sizeOf, textOf, treeOf } from "../../fuzz/requests/json-tree.ts";
import { applyByteEdits, applyEdits, type TreeEdit } from "../../fuzz/requests/mutations.ts";
import { ENDPOINTS } from "../../fuzz/requests/valid-bodies.ts";

const BODY = { a: [1, { b: "x" }], c: null };

test("does not change a body without edits", () => {
  for (const body of ENDPOINTS.flatMap(({ bodies }) => bodies))
    expect(JSON.parse(applyEdits(body, []))).toEqual(JSON.parse(JSON.stringify(body)));
});

test("counts nodes from the root downwards", () => {
  expect(sizeOf(treeOf(BODY))).toBe(6);
});

test.each<[string, TreeEdit, string]>([
  [
    "replaces a node",
    { type: "replace", at: 2, value: raw("1e999") },
    '{"a":[1e999,{"b":"x"}],"c":null}',
  ],
  ["replaces the root", { type: "replace", at: 0, value: raw("[") }, "["],
  ["removes a member", { type: "remove", at: 5 }, '{"a":[1,{"b":"x"}]}'],
  [
    "renames a member",
    { type: "rename", at: 4, name: "__proto__" },
    '{"a":[1,{"__proto__":"x"}],"c":null}',
  ],
  ["repeats an item", { type: "repeat", at: 2, times: 3 }, '{"a":[1,1,1,{"b":"x"}],"c":null}'],
  [
    "duplicates a member name",
    { type: "double", at: 5, value: raw("2") },
    '{"a":[1,{"b":"x"}],"c":null,"c":2}',
  ],
  [
    "wraps a node",
    { type: "wrap", at: 4, levels: 2, inList: true },
    '{"a":[1,{"b":[["x"]]}],"c":null}',
  ],
  ["sets a member", { type: "set", name: "c", value: raw("5") }, '{"a":[1,{"b":"x"}],"c":5}'],
  [
    "inserts into a string",
    { type: "insert", at: 4, place: 1, text: "\u0000" },
    '{"a":[1,{"b":"x\\u0000"}],"c":null}',
  ],
  ["wraps around after the last node", { type: "remove", at: 11 }, '{"a":[1,{"b":"x"}]}'],
])("%s", (_what, edit, text) => {
  expect(applyEdits(BODY, [edit])).toBe(text);
});

test("edits bytes, and ignores offsets beyond the end", () => {
  const bytes = Buffer.from("abcdef");

  expect(applyByteEdits(bytes, [{ type: "cut", at: 2 }]).toString()).toBe("ab");
  expect(applyByteEdits(bytes, [{ type: "flip", at: 0, mask: 1 }]).toString()).toBe("`bcdef");
  expect(applyByteEdits(bytes, [{ type: "drop", at: 1, count: 90 }]).toString()).toBe("a");
  expect(applyByteEdits(bytes, [{ type: "put", at: 6, bytes: [103] }]).toString()).toBe("abcdefg");
  expect(applyByteEdits(Buffer.alloc(0), [{ type: "flip", at: 5, mask: 1 }])).toHaveLength(0);
});

test("creates the same requests for the same seed, for all endpoints, some of them valid", () => {
  const made = (seed: number) => fc.sample(recipes(null), { seed, numRuns: 100 }).map(requestOf);
  const requests = made(1);
  const sums = (of: typeof requests) =>
    of.map((request) => createHash("sha1").update(bytesOf(request)).digest("hex"));

  expect(sums(made(1))).toEqual(sums(requests));
  expect(new Set(requests.map(({ target }) => target)).size).toBeGreaterThan(12);
  expect(requests.filter(({ body }) => isJson(body)).length).toBeGreaterThan(50);
  expect(requests.filter(({ body }) => !isJson(body)).length).toBeGreaterThan(5);
});

test("uses only one endpoint on request", () => {
  const all = fc.sample(recipes("tokenize"), { seed: 1, numRuns: 20 });

  expect(new Set(all.map(({ endpoint }) => endpoint.path))).toEqual(new Set(["/tokenize"]));
});

test("writes raw text unchanged", () => {
  expect(textOf(raw('{"a":1,"a":'))).toBe('{"a":1,"a":');
});

function isJson(body: Buffer): boolean {
  try {
    JSON.parse(body.toString());
    return true;
  } catch {
    return false;
  }
}
