// Which files of a folder are models, under which names, and what is wrong with the others.

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import {
  checkWritable,
  deleteModel,
  fileIdentity,
  findInModelFolder,
  listModelFolder,
  ModelFolderError,
  modifiedAtOf,
  sizeOf,
} from "../../../src/models/model-folder.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "model-folder-"));
afterAll(() => rmSync(scratch, { recursive: true }));

function folderWith(files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(path.join(scratch, "models-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(dir, name), text);
  return dir;
}

function summaryOf(dir: string) {
  return listModelFolder(dir).models.map(({ name, parts, problem }) => [
    name,
    parts.map((part) => path.basename(part)),
    problem,
  ]);
}

test("lists GGUF files by name, and nothing else", () => {
  const dir = folderWith({ "b.GGUF": "GGUF...", "a.gguf": "GGUF", "notes.txt": "GGUF" });
  mkdirSync(path.join(dir, "folder.gguf"));

  expect(listModelFolder(dir)).toEqual({
    models: [
      expect.objectContaining({
        name: "a",
        file: path.join(dir, "a.gguf"),
        sizeBytes: 4,
        problem: null,
      }),
      expect.objectContaining({
        name: "b",
        file: path.join(dir, "b.GGUF"),
        sizeBytes: 7,
        problem: null,
      }),
    ],
    unfinished: [],
  });
  expect(listModelFolder(path.join(dir, "missing"))).toEqual({ models: [], unfinished: [] });
});

test("follows links to files, also out of the folder, and ignores those that lead nowhere", () => {
  const dir = folderWith({});
  symlinkSync(path.join(folderWith({ "x.gguf": "GGUF" }), "x.gguf"), path.join(dir, "link.gguf"));
  symlinkSync("nowhere", path.join(dir, "broken.gguf"));

  expect(summaryOf(dir)).toEqual([["link", ["link.gguf"], null]]);
});

test("leaves out a link in a loop and a file without a name, and lists the others", () => {
  const dir = folderWith({ "a.gguf": "GGUF", ".gguf": "GGUF", ".gguf.ipull": "GG" });
  symlinkSync("loop.gguf", path.join(dir, "loop.gguf"));

  expect(summaryOf(dir)).toEqual([["a", ["a.gguf"], null]]);
  expect(listModelFolder(dir).unfinished).toEqual([]);
});

test("the parts of a split model are one model", () => {
  const dir = folderWith({
    "big-00002-of-00002.gguf": "GGUF22",
    "big-00001-of-00002.gguf": "GGUF1",
    "hf_u_lost-00002-of-00003.gguf": "GGUF",
    "one-00001-of-00001.gguf": "GGUF",
  });
  const [big, one, lost] = listModelFolder(dir).models;

  expect(big).toMatchObject({
    name: "big",
    file: path.join(dir, "big-00001-of-00002.gguf"),
    sizeBytes: 11,
    problem: null,
  });
  expect(big?.parts).toHaveLength(2);
  expect(one).toMatchObject({ name: "one-00001-of-00001", problem: null });
  expect(lost).toMatchObject({
    name: "u_lost",
    file: path.join(dir, "hf_u_lost-00001-of-00003.gguf"),
    problem: "incomplete: of 3 parts, these are missing: 1, 3",
  });
});

test("says what is wrong with a file that is no model", () => {
  const dir = folderWith({ "page.gguf": "<!doctype html>", "empty.gguf": "" });

  expect(summaryOf(dir)).toEqual([
    ["empty", ["empty.gguf"], "empty.gguf is not a GGUF file"],
    ["page", ["page.gguf"], "page.gguf is not a GGUF file"],
  ]);
});

test("unfinished downloads are listed apart", () => {
  const dir = folderWith({ "hf_u_m.Q8_0.gguf.ipull": "GG", "other.ipull": "GG" });

  expect(listModelFolder(dir)).toEqual({
    models: [],
    unfinished: [
      expect.objectContaining({
        name: "u_m.Q8_0",
        sizeBytes: 2,
        problem: "its download is not finished",
      }),
    ],
  });
});

test("the name lacks the prefix of the hub, unless another file has that name", () => {
  const dir = folderWith({
    "hf_x.gguf": "GGUF",
    "x.gguf": "GGUF",
    "hf_y.gguf": "GGUF",
    "y.GGUF": "",
    "z.gguf": "GGUF",
    "z.GGUF": "GGUF",
  });

  expect(summaryOf(dir)).toEqual([
    ["hf_x", ["hf_x.gguf"], null],
    ["hf_y", ["hf_y.gguf"], null],
    ["x", ["x.gguf"], null],
    ["y", ["y.GGUF"], "y.GGUF is not a GGUF file"],
    ["z", ["z.GGUF"], null],
    ["z", ["z.gguf"], "has the same name as z.GGUF; rename one of them"],
  ]);
});

test("a folder that cannot be read is an error", () => {
  const dir = folderWith({ file: "" });

  expect(() => listModelFolder(path.join(dir, "file"))).toThrow(ModelFolderError);
  expect(() => listModelFolder(path.join(dir, "file"))).toThrow(
    /cannot read the folder .*: ENOTDIR/,
  );
});

test.for(["../x", "a/b", "..", "", "a\0b", "/etc/passwd"])("%j names no model", (name) => {
  const dir = folderWith({ "x.gguf": "GGUF" });
  writeFileSync(path.join(dir, "..", "x.gguf"), "GGUF");

  expect(findInModelFolder(dir, name)).toEqual([]);
});

test("deletes all parts, the unfinished ones too, and of a link only the link", () => {
  const target = path.join(folderWith({ "t.gguf": "GGUF" }), "t.gguf");
  const dir = folderWith({
    "m-00001-of-00002.gguf": "GGUF",
    "m-00002-of-00002.gguf.ipull": "GG",
    "other.gguf": "GGUF",
  });
  symlinkSync(target, path.join(dir, "link.gguf"));
  for (const name of ["m", "link"])
    for (const entry of findInModelFolder(dir, name)) deleteModel(entry);

  expect(readdirSync(dir)).toEqual(["other.gguf"]);
  expect(readdirSync(path.dirname(target))).toEqual(["t.gguf"]);
});

test("the identity changes with any part", () => {
  const dir = folderWith({ "m-00001-of-00002.gguf": "GGUF", "m-00002-of-00002.gguf": "GGUF" });
  const first = path.join(dir, "m-00001-of-00002.gguf");
  const before = fileIdentity(first);

  expect(fileIdentity(first)).toBe(before);
  writeFileSync(path.join(dir, "m-00002-of-00002.gguf"), "GGUF, another one");
  const changed = fileIdentity(first);
  rmSync(path.join(dir, "m-00002-of-00002.gguf"));

  expect(changed).not.toBe(before);
  expect(fileIdentity(first)).toBeNull();
});

test("a file that the system cannot describe has no identity, size and time", () => {
  const loop = path.join(folderWith({}), "loop.gguf");
  symlinkSync("loop.gguf", loop);

  expect([fileIdentity(loop), sizeOf(loop), modifiedAtOf(loop)]).toEqual([null, 0, null]);
});

test("a model was written when its newest part was", () => {
  const dir = folderWith({ "a-00001-of-00002.gguf": "GGUF", "a-00002-of-00002.gguf": "GGUF" });
  const [first, second] = [1, 2].map((part) => path.join(dir, `a-0000${part}-of-00002.gguf`));
  utimesSync(first ?? "", 1_000, 1_000);
  utimesSync(second ?? "", 2_000, 2_000);

  expect(modifiedAtOf(first ?? "")).toEqual(new Date(2_000_000));
  expect(modifiedAtOf(path.join(dir, "missing.gguf"))).toBeNull();
});

test("a missing folder can be written if the one above it can, and a file is no folder", () => {
  const dir = folderWith({ file: "" });

  checkWritable(dir);
  checkWritable(path.join(dir, "new", "models"));
  expect(() => checkWritable(path.join(dir, "file"))).toThrow("is not a folder");
  expect(() => checkWritable(path.join(dir, "file", "models"))).toThrow(ModelFolderError);
});
