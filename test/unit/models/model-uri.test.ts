// What may be downloaded, and the catalog of short names.

import { expect, test } from "vitest";
import { DownloadError } from "../../../src/models/download-network.ts";
import { modelUri } from "../../../src/models/model-uri.ts";
import { findShortName, nearestShortNames, SHORT_NAMES } from "../../../src/models/short-names.ts";

test.for([
  ["qwen3:4b", "hf:Qwen/Qwen3-4B-GGUF:Q4_K_M"],
  ["QWEN3", "hf:Qwen/Qwen3-4B-GGUF:Q4_K_M"],
  ["qwen3:latest", "hf:Qwen/Qwen3-4B-GGUF:Q4_K_M"],
  ["qwen3:0.6b", "hf:Qwen/Qwen3-0.6B-GGUF:Q8_0"],
  ["hf:u/r:Q8_0", "hf:u/r:Q8_0"],
  ["huggingface://u/r", "hf:u/r"],
  ["https://h/x.gguf", "https://h/x.gguf"],
] as const)("%s is %s", ([given, uri]) => {
  expect(modelUri(given)).toBe(uri);
});

test.for(["models/llama", "file:///etc/passwd", "/etc/passwd", "hf:u", "hf:u/r x", "http://", ""])(
  "%j cannot be downloaded",
  (given) => {
    expect(() => modelUri(given)).toThrow(DownloadError);
  },
);

test("names the nearest short names, and repeats only a part of a long text", () => {
  expect(() => modelUri("qwen3:5b")).toThrow(/; the nearest short names: qwen3:4b, qwen3:8b/);
  expect(() => modelUri("x".repeat(10_000))).toThrow(
    `"${"x".repeat(100)}" is neither a short name, hf:user/repo:quant nor an http(s) address`,
  );
  expect(nearestShortNames("gema3")).toContain("gemma3:4b");
  expect(nearestShortNames("something else entirely")).toEqual([]);
  expect(nearestShortNames("a".repeat(101))).toEqual([]);
});

test("every short name is unique, is found by itself, and is a model on the hub", () => {
  expect(new Set(SHORT_NAMES.map(({ name }) => name)).size).toBe(SHORT_NAMES.length);
  for (const entry of SHORT_NAMES) {
    expect(findShortName(entry.name)).toBe(entry);
    expect(entry.name).toMatch(/^[a-z0-9.-]+:[a-z0-9.-]+$/);
    expect(entry.uri).toMatch(/^hf:[\w.-]+\/[\w.-]+-GGUF(:Q\w+|\/[\w.-]+\.gguf)$/);
    expect(modelUri(entry.uri)).toBe(entry.uri);
  }
});
