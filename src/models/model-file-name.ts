// What the name of a GGUF file says: the name of its model, and whether it is one of several parts (-00001-of-00003.gguf).

import path from "node:path";

/** The parts that a file name belongs to: `number` and `count` are 1 for a model in one file. */
export type PartName = { readonly base: string; readonly number: number; readonly count: number };

/** A file named `.gguf` is no model: its name would be empty. */
export const MODEL_FILE = /(?<=.)\.gguf$/i;
/** What a download has so far. */
export const UNFINISHED_FILE = /(?<=.)\.gguf\.ipull$/i;
const PART = /^(.+)-(\d{5})-of-(\d{5})$/;

/** The name under which a file is offered. @param file with or without its folder */
export function modelNameOf(file: string): string {
  return partName(path.basename(file)).base.replace(/^hf_(?=.)/i, "");
}

/** The paths of all parts of a model, whether they exist or not. @param file one of them */
export function partsOf(file: string): string[] {
  const part = partName(path.basename(file));
  if (part.count === 1) return [file];
  const extension = path.extname(file);
  return Array.from({ length: part.count }, (_, index) =>
    path.join(path.dirname(file), fileNameOf({ ...part, number: index + 1 }, extension)),
  );
}

/** @param name without the folder */
export function partName(name: string): PartName {
  const stem = name.replace(/\.ipull$/i, "").replace(MODEL_FILE, "");
  const [, base, number, count] = PART.exec(stem) ?? [];
  if (base === undefined || Number(count) < 2) return { base: stem, number: 1, count: 1 };
  return { base, number: Number(number), count: Number(count) };
}

/** The file name of a part of a model in several files. */
export function fileNameOf({ base, number, count }: PartName, extension = ".gguf"): string {
  return `${base}-${padded(number)}-of-${padded(count)}${extension}`;
}

function padded(number: number): string {
  return String(number).padStart(5, "0");
}

/** Whether a file of this name is a model in the folder itself. The name may come from a server. */
export function isModelFileName(name: string): boolean {
  return /^[^/\\\0]+\.gguf$/i.test(name);
}
