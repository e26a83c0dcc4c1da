// The file of --api-key-file: plain keys, one a line, as Docker and Kubernetes give secrets to a container.

import { readFileSync } from "node:fs";
import { KeysFileError } from "./keys-file.ts";

const KEY = /^[\x21-\x7e]+$/;

/** @throws KeysFileError if the file cannot be read, has no key, or a line that is no key; it never shows a line */
export function readPlainKeys(file: string): readonly string[] {
  const lines = textOf(file).split("\n");
  const keys = lines.map((line) => line.trim());
  const wrong = keys.findIndex((key) => key !== "" && !KEY.test(key));
  if (wrong !== -1)
    throw new KeysFileError(
      `the API key file ${file} has no key in line ${wrong + 1}: allowed are printable ASCII characters without spaces`,
    );
  const given = keys.filter((key) => key !== "");
  if (given.length === 0)
    throw new KeysFileError(`the API key file ${file} is empty; write one key a line into it`);
  return given;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/^\uFEFF/, ""); // editors on Windows write a byte order mark
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new KeysFileError(`cannot read the API key file ${file}: ${code}`, { cause: error });
  }
}
