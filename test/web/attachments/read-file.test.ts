// Which files can be attached, by their content, and what the user is told about the others.

import { expect, test } from "vitest";
import { readFile } from "../../../src/web/attachments/read-file.ts";

type Content = string | readonly number[];

function read(content: Content, { name = "a.txt", type = "" } = {}): Promise<string> {
  const part = typeof content === "string" ? content : Uint8Array.from(content);
  const options = { signal: new AbortController().signal, onProgress: () => {} };
  return readFile(new File([part], name, { type }), options);
}

test.each<[string, Content]>([
  ["UTF-8", "Gü"],
  ["UTF-8 with a byte order mark", [0xef, 0xbb, 0xbf, ...new TextEncoder().encode("Gü")]],
  ["UTF-16, little-endian", [0xff, 0xfe, 0x47, 0, 0xfc, 0]],
  ["UTF-16, big-endian", [0xfe, 0xff, 0, 0x47, 0, 0xfc]],
])("reads %s, whatever the name says", async (_encoding, content) => {
  expect(await read(content, { name: "photo.png.bin" })).toBe("Gü");
});

test("reads an SVG picture as text", async () => {
  expect(await read("<svg/>", { name: "a.svg", type: "image/svg+xml" })).toBe("<svg/>");
});

test.each<[string, Content, string, string]>([
  ["binary data", [0x50, 0x4b, 3, 4, 0, 0], "", "it is not text. Text files and PDFs can be"],
  ["an old encoding", [0x47, 0x72, 0xfc, 0xdf, 0x65], "", "Save it as UTF-8"],
  ["an image", [0x89, 0x50], "image/png", "no loaded model takes images. Text files and PDFs"],
  ["sound", [0x49, 0x44], "audio/mpeg", "no loaded model takes audio or video"],
  ["an empty file", "  \n", "", "it has no text"],
  ["a text that is too large", "a".repeat(5_000_001), "", "Text files may have up to 5 MB"],
])("refuses %s with the reason and what is allowed", async (_what, content, type, reason) => {
  await expect(read(content, { type })).rejects.toThrow(reason);
});
