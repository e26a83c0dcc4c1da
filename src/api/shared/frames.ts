// Frames whose data is JSON, for the encoders of several dialects.

import type { Frame } from "../dialect.ts";

export function jsonFrame(data: object): Frame {
  return { data: JSON.stringify(data) };
}

/** Placeholder for the text. Its JSON form occurs nowhere else in a chunk. */
const TEXT = "\0";

/** Serializes the chunk around a text only once: per token, only the text itself is encoded. */
export function textFrames(chunkWith: (text: string) => object): (text: string) => Frame {
  const [before = "", after = ""] = JSON.stringify(chunkWith(TEXT)).split(JSON.stringify(TEXT));
  return (text) => ({ data: before + JSON.stringify(text) + after });
}

/** One decimal place. */
export function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
