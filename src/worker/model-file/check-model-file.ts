// Checks a model file, or all files of a split model, before the library loads it, and reports an error in one line that names
// the file. Reads only the headers.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import path from "node:path";
import { ServiceError } from "../../errors.ts";
import type { ByteSource } from "./byte-cursor.ts";
import { type GgufHeader, readGgufHeader } from "./gguf-header.ts";
import { ModelFileError } from "./model-file-error.ts";
import { checkLimits } from "./model-limits.ts";

/** llama.cpp's names of the parts: model-00001-of-00003.gguf. */
const PART = /-(\d{5})-of-(\d{5})\.gguf$/;
const MOST_PARTS = 1_000;

/** @throws ServiceError `model_unusable` with one clear line */
export function checkModelFile(file: string): void {
  const headers = partsOf(file).map((part) => withFileName(part, () => readHeader(part)));
  const [first] = headers;
  if (!first) return;
  const tensorCount = headers.reduce((sum, { tensors }) => sum + tensors.count, 0);
  withFileName(file, () => checkLimits(first, tensorCount));
}

/** @returns all parts in order, whichever of them is given: the first part describes the model */
function partsOf(file: string): readonly string[] {
  const [ending = "", , count = "1"] = PART.exec(file) ?? [];
  if (ending === "" || Number(count) < 1 || Number(count) > MOST_PARTS) return [file];
  const stem = file.slice(0, -ending.length);
  return Array.from({ length: Number(count) }, (_, index) => {
    return `${stem}-${String(index + 1).padStart(5, "0")}-of-${count}.gguf`;
  });
}

function readHeader(file: string): GgufHeader {
  const descriptor = openSync(file, "r");
  try {
    return readGgufHeader(sourceOf(descriptor));
  } finally {
    closeSync(descriptor);
  }
}

function sourceOf(descriptor: number): ByteSource {
  const stats = fstatSync(descriptor);
  if (!stats.isFile()) throw new ModelFileError("it is not a file");
  return {
    size: stats.size,
    read: (position, length) => {
      const bytes = Buffer.alloc(length);
      let read = 0;
      while (read < length) {
        const count = readSync(descriptor, bytes, read, length - read, position + read);
        if (count === 0) throw new ModelFileError("it became shorter while it was being read");
        read += count;
      }
      return bytes;
    },
  };
}

function withFileName<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === null) throw error;
    const mayEnd = (error as NodeJS.ErrnoException).code === "EMFILE";
    const code = mayEnd ? "engine_unavailable" : "model_unusable";
    throw new ServiceError(code, `cannot load ${path.basename(file)}: ${reason}`, {
      field: "model",
      cause: error,
    });
  }
}

function reasonOf(error: unknown): string | null {
  if (error instanceof ModelFileError) return error.message;
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EMFILE") return "too many open files; raise the limit of this process (ulimit -n)";
  return code === undefined ? null : `it cannot be read (${code})`;
}
