// Answers of GET and DELETE /v1/requests, which only this server has. They have the form of OpenAI's lists.

import { z } from "zod";

/** The caller's waiting and running requests. */
export const requestList = z.strictObject({
  object: z.literal("list"),
  data: z.array(
    z.strictObject({
      id: z.string(),
      object: z.literal("request"),
      path: z.string(),
      model: z.string().nullable(),
      stream: z.boolean(),
      status: z.enum(["queued", "loading", "running"]),
      position: z.int().nullable(),
      eta_ms: z.number().nullable(),
      prompt_tokens: z.int().min(0),
      generated_tokens: z.int().min(0),
      age_ms: z.int().min(0),
    }),
  ),
});

export const stoppedRequest = z.strictObject({
  id: z.string(),
  object: z.literal("request"),
  stopped: z.literal(true),
});

/** A waiting or running request. */
export type ListedRequest = {
  readonly requestId: string;
  readonly path: string;
  readonly model: string | null;
  readonly isStreamed: boolean;
  /** Position in the queue; null if the request does not wait for a slot. */
  readonly place: { readonly position: number; readonly etaMs: number | null } | null;
  /** Whether it waits until its model is loaded. */
  readonly isWaitingForModel: boolean;
  readonly promptTokens: number;
  readonly generatedTokens: number;
  readonly ageMs: number;
};

export function encodeRequests(requests: readonly ListedRequest[]): z.output<typeof requestList> {
  const data = requests.map(({ place, ...request }) => ({
    id: request.requestId,
    object: "request" as const,
    path: request.path,
    model: request.model,
    stream: request.isStreamed,
    status: statusOf({ place, ...request }),
    position: place?.position ?? null,
    eta_ms: place?.etaMs ?? null,
    prompt_tokens: request.promptTokens,
    generated_tokens: request.generatedTokens,
    age_ms: Math.round(request.ageMs),
  }));
  return { object: "list", data };
}

function statusOf({ place, isWaitingForModel }: ListedRequest): "queued" | "loading" | "running" {
  if (place) return "queued";
  return isWaitingForModel ? "loading" : "running";
}

export function encodeStopped(requestId: string): object {
  return { id: requestId, object: "request", stopped: true };
}
