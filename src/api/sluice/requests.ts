// Answers of GET and DELETE /v1/requests, which only this server has. They have the form of OpenAI's lists.

import type { RequestList } from "./server-answers.ts";

/** A waiting or running request. */
export type ListedRequest = {
  readonly requestId: string;
  readonly path: string;
  readonly model: string | null;
  readonly isStreamed: boolean;
  /** Position in the queue; null if the request does not wait for a slot. */
  readonly place: { readonly position: number; readonly etaMs: number | null } | null;
  readonly promptTokens: number;
  readonly generatedTokens: number;
  readonly ageMs: number;
};

export function encodeRequests(requests: readonly ListedRequest[]): RequestList {
  return { object: "list", data: requests.map(encodeRequest) };
}

function encodeRequest({ place, ...request }: ListedRequest): RequestList["data"][number] {
  return {
    id: request.requestId,
    object: "request",
    path: request.path,
    model: request.model,
    stream: request.isStreamed,
    status: place ? "queued" : "running",
    position: place?.position ?? null,
    eta_ms: place?.etaMs ?? null,
    prompt_tokens: request.promptTokens,
    generated_tokens: request.generatedTokens,
    age_ms: Math.round(request.ageMs),
  };
}

export function encodeStopped(requestId: string): object {
  return { id: requestId, object: "request", stopped: true };
}
