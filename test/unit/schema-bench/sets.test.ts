// Reading sets of schemas from files, and the options that select them.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readOptions } from "../../../scripts/schema-bench/options.ts";
import { readLines, readSets } from "../../../scripts/schema-bench/sets.ts";

const ALL = { only: null, limit: Number.POSITIVE_INFINITY };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "schema-sets-"));
  writeFileSync(path.join(folder, "birds.jsonl"), `${line("b1")}\n${line("b2")}\n`);
  writeFileSync(path.join(folder, "ants.jsonl"), line("a1"));
  writeFileSync(path.join(folder, "notes.txt"), "not a set");
});
afterAll(() => rmSync(folder, { recursive: true }));

function line(id: string): string {
  return JSON.stringify({ id, schema: { type: "string" }, tests: [{ valid: true, data: "x" }] });
}

function idsOf(selection: { only: readonly string[] | null; limit: number }): string[] {
  return readSets(folder, selection).map(({ set, id }) => `${set} ${id}`);
}

test("a set is a .jsonl file, and the sets are sorted by name", () => {
  expect(idsOf(ALL)).toEqual(["ants a1", "birds b1", "birds b2"]);
});

test("reads only the named sets, and only the first lines of each", () => {
  expect(idsOf({ ...ALL, only: ["birds"] })).toEqual(["birds b1", "birds b2"]);
  expect(idsOf({ ...ALL, limit: 1 })).toEqual(["ants a1", "birds b1"]);
});

test("a set that does not exist is an error that lists the sets", () => {
  expect(() => idsOf({ ...ALL, only: ["fish"] })).toThrow(
    "--only: there is no set fish; use some of ants, birds",
  );
});

test("a folder that does not exist or has no sets is an error that names it", () => {
  const missing = path.join(folder, "missing");

  expect(() => readSets(missing, ALL)).toThrow(`there is no folder ${missing}`);
  expect(() => readSets(import.meta.dirname, ALL)).toThrow(
    `the folder ${import.meta.dirname} has no *.jsonl files`,
  );
});

test("skips empty lines, and keeps the text of the others", () => {
  expect(readLines(`\n${line("x")}\n\n`, { ...ALL, name: "s" })).toEqual([
    { set: "s", id: "x", line: line("x") },
  ]);
});

test.each([
  ["no JSON", "{"],
  ["null", "null"],
  ["no id", '{"schema": {}, "tests": []}'],
  ["no schema", '{"id": "x", "tests": []}'],
  ["no tests", '{"id": "x", "schema": {}}'],
  ["a test without data", '{"id": "x", "schema": {}, "tests": [{"valid": true}]}'],
  ["a test that is not marked", '{"id": "x", "schema": {}, "tests": [{"data": 1}]}'],
])("a line with %s is an error that names the line", (_, wrong) => {
  expect(() => readLines(`${line("a")}\n${wrong}`, { ...ALL, name: "s" })).toThrow(
    's.jsonl, line 2 must be {"id", "schema", "tests": [{"valid", "data"}]}',
  );
});

test("reads the command line", () => {
  const args = ["sets", "--only", "a, b", "--limit", "3", "--json", "out.json", "--seconds", "5"];

  expect(readOptions(args)).toEqual({
    folder: "sets",
    json: "out.json",
    failures: null,
    only: ["a", "b"],
    limit: 3,
    children: 1,
    limitMs: 5_000,
    isOpen: true,
  });
  expect(readOptions(["--help"])).toBe(null);
});

test.each([
  [[], "give the folder"],
  [["a", "b"], "unexpected argument b"],
  [["a", "--limit", "0"], "--limit is 0; use a whole number from 1"],
  [["a", "--children", "x"], "--children is x; use a whole number from 1"],
  [["a", "--colour"], "--colour"],
])("refuses the command line %j", (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});
