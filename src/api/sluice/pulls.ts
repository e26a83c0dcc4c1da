// The answers about pulls, the downloads of models, which only this server has: one object for each, and lists of OpenAI's form.

import { z } from "zod";

export const pull = z.strictObject({
  id: z.string(),
  object: z.literal("model.pull"),
  model: z.string().describe("As it was asked for."),
  status: z
    .enum(["queued", "downloading", "verifying", "done", "failed", "cancelled"])
    .describe("One model is downloaded at a time; the others are queued."),
  completed: z.int().min(0).describe("Bytes."),
  total: z.int().min(0).nullable().describe("Bytes; null until that is known."),
  bytes_per_second: z.int().min(0).nullable().describe("Null while it is not known."),
  eta_ms: z.int().min(0).nullable().describe("Time until the last byte; null if unknown."),
  name: z.string().nullable().describe("The name of the model, once it is done."),
  error: z
    .strictObject({ message: z.string(), code: z.literal("download_failed") })
    .nullable()
    .describe("Why it failed."),
  created: z.int().min(0).describe("Unix time."),
});

export const pullList = z.strictObject({ object: z.literal("list"), data: z.array(pull) });

export type Pull = z.output<typeof pull>;

/** A pull at one moment. */
export type ShownPull = {
  readonly id: string;
  readonly model: string;
  readonly status: Pull["status"];
  readonly completedBytes: number;
  readonly totalBytes: number | null;
  readonly bytesPerSecond: number | null;
  readonly etaMs: number | null;
  /** Null before it is done. */
  readonly name: string | null;
  readonly error: string | null;
  readonly startedAt: Date;
};

export function encodePull(shown: ShownPull): Pull {
  const { id, model, status, completedBytes, totalBytes, name, error } = shown;
  return {
    id,
    object: "model.pull",
    model,
    status,
    completed: completedBytes,
    total: totalBytes,
    bytes_per_second: shown.bytesPerSecond,
    eta_ms: shown.etaMs,
    name,
    error: error === null ? null : { message: error, code: "download_failed" },
    created: Math.floor(shown.startedAt.getTime() / 1000),
  };
}
