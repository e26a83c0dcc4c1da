// Finds what is wrong with a model file before the worker starts, which takes much longer to say so.

import { statSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { readStart } from "../models/download.ts";
import { findShortName } from "../models/short-names.ts";
import { CommandError } from "./command-error.ts";

type ModelFile = {
  readonly flag: string;
  readonly file: string;
  /** The words that run sluice, for the command in an error. */
  readonly program: string;
};

type ModelFiles = Pick<Config, "model" | "embeddingModel" | "rerankModel">;

/** Checks every file that the settings name. @throws CommandError */
export function requireGgufFiles(config: ModelFiles, program: string): void {
  const files = [
    ...config.model.map(({ path }) => ({ flag: "--model", file: path })),
    { flag: "--embedding-model", file: config.embeddingModel },
    { flag: "--rerank-model", file: config.rerankModel },
  ];
  for (const { flag, file } of files) if (file) requireGgufFile({ flag, file, program });
}

/** @throws CommandError naming the flag, the file and the way out */
export function requireGgufFile({ flag, file, program }: ModelFile): void {
  let start = "";
  try {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (!stats) throw new CommandError(`${flag}: ${describeMissing({ flag, file, program })}`);
    if (!stats.isFile()) throw new CommandError(`${flag}: ${file} is not a file`);
    start = readStart(file);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(
      `${flag}: cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`,
    );
  }
  if (start !== "GGUF") throw new CommandError(`${flag}: ${file} is not a GGUF file`);
}

function describeMissing({ flag, file, program }: ModelFile): string {
  if (flag === "--model" && file === "builtin") return "for the built-in model, leave out --model";
  if (findShortName(file))
    return `${file} is a short name, not a file; download the model first with: ${program} pull ${file}`;
  const isAddress = /^(hf:|huggingface:|https?:)/i.test(file);
  return isAddress
    ? `this must be a file; download the model first with: ${program} pull ${file}`
    : `there is no file ${file}`;
}
