// One model as text and as an object, and the errors for what is wrong in it.

import { expect, test } from "vitest";
import {
  entryFromFields,
  entryFromOptions,
  entryFromText,
  type ModelEntry,
} from "../../../src/config/model-entry.ts";

function entry(fields: Partial<ModelEntry>): ModelEntry {
  return {
    name: null,
    path: "a.gguf",
    aliases: [],
    context: null,
    slots: null,
    gpuLayers: null,
    isPinned: false,
    isPreloaded: false,
    ...fields,
  };
}

test.each<[string, Partial<ModelEntry>]>([
  ["a.gguf", {}],
  ["/x y/a.gguf", { path: "/x y/a.gguf" }],
  ["C:\\x.gguf", { path: "C:\\x.gguf" }],
  ["C:\\x.gguf,slots=2", { path: "C:\\x.gguf", slots: 2 }],
  ["qwen=C:\\x.gguf", { name: "qwen", path: "C:\\x.gguf" }],
  ["qwen/qwen3:4b=a.gguf", { name: "qwen/qwen3:4b" }],
  ["x=/a=b.gguf", { name: "x", path: "/a=b.gguf" }],
  ["日本語=a.gguf", { name: "日本語" }],
  ["a.gguf,pin", { isPinned: true }],
  ["a.gguf, pin=off , preload=on", { isPreloaded: true }],
  ["a.gguf,alias=x,alias=y,alias=x", { aliases: ["x", "y"] }],
  ["x=a.gguf,alias=x", { name: "x" }],
  [
    "name=a.gguf,context=8192,slots=2,gpu-layers=20,alias=gpt-4o,alias=x,pin,preload",
    {
      name: "name",
      context: 8192,
      slots: 2,
      gpuLayers: 20,
      aliases: ["gpt-4o", "x"],
      isPinned: true,
      isPreloaded: true,
    },
  ],
])("reads %s", (text, fields) => {
  expect(entryFromText(text)).toEqual(entry(fields));
});

const NAMES = "1 to 100 printable characters without spaces, commas and =, but not *";
const OPTIONS = "allowed are alias, context, slots, gpu-layers, pin, preload";

test.each([
  ["", "allowed is a path to a .gguf file"],
  ["x=", "allowed is a path to a .gguf file"],
  ["=a.gguf", `name must be ${NAMES}, not ""`],
  ["*=a.gguf", `name must be ${NAMES}, not "*"`],
  ["a b=a.gguf", `name must be ${NAMES}, not "a b"`],
  ["a.gguf,alias=*", `alias must be ${NAMES}, not ["*"]`],
  ["a.gguf,alias", `alias must be ${NAMES}, not [""]`],
  ["a.gguf,context=8k", 'context must be an integer from 16 to 16777216, not "8k"'],
  ["a.gguf,context=8", "context must be an integer from 16 to 16777216, not 8"],
  ["a.gguf,context", 'context must be an integer from 16 to 16777216, not ""'],
  ["a.gguf,slots=257", "slots must be an integer from 1 to 256, not 257"],
  ["a.gguf,gpu-layers=-1", 'gpu-layers must be an integer from 0 to 10000, not "-1"'],
  ["a.gguf,pin=maybe", 'pin must be true or false, not "maybe"'],
  ["a.gguf,slots=1,slots=2", "slots is given twice"],
  ["a.gguf,contxt=1", `unknown option "contxt" (did you mean context?); ${OPTIONS}`],
  ["a.gguf,b.gguf", `unknown option "b.gguf"; ${OPTIONS}`],
  ["a.gguf,name=x", `unknown option "name"; ${OPTIONS}`],
  ["a.gguf,", `unknown option ""; ${OPTIONS}`],
  ["a.gguf,toString", `unknown option "toString"; ${OPTIONS}`],
])("refuses %j", (text, complaint) => {
  expect(() => entryFromText(text)).toThrow(complaint);
});

test("a name has at most 100 characters", () => {
  const longest = "n".repeat(100);

  expect(entryFromText(`${longest}=a.gguf`).name).toBe(longest);
  expect(() => entryFromText(`${longest}n=a.gguf`)).toThrow(NAMES);
});

test("reads an object of the file, whose values are texts", () => {
  const options = {
    path: "a,=.gguf",
    name: "x",
    alias: "y",
    context: "8192",
    pin: "true",
    slots: null,
  };

  expect(entryFromOptions(options)).toEqual(
    entry({ path: "a,=.gguf", name: "x", aliases: ["y"], context: 8192, isPinned: true }),
  );
});

test.each<[object, string]>([
  [{}, "it lacks a path"],
  [{ path: "a.gguf", gpuLayers: "1" }, 'unknown option "gpuLayers" (did you mean gpu-layers?)'],
  [{ path: "a.gguf", alias: ["x", null] }, "alias must be"],
  [{ path: ["a.gguf"] }, "allowed is a path to a .gguf file"],
])("refuses the object %j of the file", (options, complaint) => {
  expect(() => entryFromOptions({ ...options })).toThrow(complaint);
});

test("reads its own results again", () => {
  const full = entryFromText("n=a.gguf,context=512,slots=1,gpu-layers=0,alias=b,pin,preload");

  expect(entryFromFields(full)).toEqual(full);
  expect(entryFromFields(entry({}))).toEqual(entry({}));
});
