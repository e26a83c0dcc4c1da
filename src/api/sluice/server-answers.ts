// Schemas of the answers about the server itself: requests, usage, health, readiness, paths.

import { z } from "zod";
import { openaiError } from "../openai/answer.ts";
import type { Tag } from "../shared/contract.ts";

const engineState = ["unloaded", "loading", "ready", "restarting", "failed", "closed"] as const;

export const health = z.strictObject({ status: z.literal("ok") });

export const readiness = z.strictObject({
  status: z
    .enum([...engineState, "draining", "standby"])
    .describe("`standby`: another gateway of the cluster is active."),
  model: z.string().nullable().describe("The default model; null while no node serves a model."),
  load_progress: z.number().min(0).max(1),
  reason: z.string().nullable(),
  slots_busy: z.int().min(0),
  queue_length: z.int().min(0),
  worker_restarts: z.int().min(0),
});

export const index = z.strictObject({
  name: z.literal("sluice"),
  models: z.array(z.string()).readonly(),
  endpoints: z.array(z.string()),
});

export const SERVER: Tag = {
  name: "Server",
  description: "About the server itself.",
  error: openaiError,
};

export type Readiness = z.output<typeof readiness>;
export type Index = z.output<typeof index>;
