// Schemas of Gemini's answers: generateContent (whole and streamed answers have the same form) and countTokens.
// https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse

import { z } from "zod";
import { SENT_CODES } from "../../errors.ts";
import type { Tag } from "../shared/contract.ts";

const count = z.int().min(0);

const part = z.union([
  z.strictObject({ text: z.string(), thought: z.literal(true).optional() }),
  z.strictObject({
    functionCall: z.strictObject({
      id: z.string(),
      name: z.string(),
      args: z.record(z.string(), z.unknown()),
    }),
  }),
]);

const tokenLogprob = z.strictObject({
  token: z.string(),
  tokenId: count,
  logProbability: z.number(),
});

const logprobs = z.strictObject({
  chosenCandidates: z.array(tokenLogprob),
  topCandidates: z.array(z.strictObject({ candidates: z.array(tokenLogprob) })),
});

const candidate = z.strictObject({
  content: z.strictObject({ parts: z.array(part), role: z.literal("model") }),
  finishReason: z.enum(["STOP", "MAX_TOKENS"]).optional(),
  index: count,
  avgLogprobs: z.number().optional(),
  logprobsResult: logprobs.optional(),
});

const usage = z.strictObject({
  promptTokenCount: count,
  cachedContentTokenCount: count,
  candidatesTokenCount: count,
  thoughtsTokenCount: count,
  totalTokenCount: count,
});

export const geminiAnswer = z.strictObject({
  candidates: z.array(candidate),
  usageMetadata: usage.optional(),
  modelVersion: z.string(),
  responseId: z.string(),
});

export const geminiTokenCount = z.strictObject({
  totalTokens: count,
  promptTokensDetails: z.array(z.strictObject({ modality: z.literal("TEXT"), tokenCount: count })),
});

const STATUSES = [
  "INVALID_ARGUMENT",
  "UNAUTHENTICATED",
  "PERMISSION_DENIED",
  "NOT_FOUND",
  "RESOURCE_EXHAUSTED",
  "ABORTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DEADLINE_EXCEEDED",
] as const;

/** https://cloud.google.com/apis/design/errors#error_details */
const detail = z.discriminatedUnion("@type", [
  z.strictObject({
    "@type": z.literal("type.googleapis.com/google.rpc.ErrorInfo"),
    reason: z.enum(SENT_CODES.map((code) => code.toUpperCase())),
    domain: z.literal("sluice"),
  }),
  z.strictObject({
    "@type": z.literal("type.googleapis.com/google.rpc.BadRequest"),
    fieldViolations: z.array(z.strictObject({ field: z.string(), description: z.string() })),
  }),
  z.strictObject({
    "@type": z.literal("type.googleapis.com/google.rpc.RetryInfo"),
    retryDelay: z.string(),
  }),
  z.strictObject({
    "@type": z.literal("type.googleapis.com/google.rpc.RequestInfo"),
    requestId: z.string(),
  }),
]);

const geminiError = z.strictObject({
  error: z.strictObject({
    code: z.int(),
    message: z.string(),
    status: z.enum(STATUSES),
    details: z.array(detail),
  }),
});

export const GEMINI: Tag = {
  name: "Gemini",
  description: "For Google's SDKs. The base URL has no `/v1beta`.",
  error: geminiError,
  isCodeNumeric: true,
};

export type GeminiAnswer = z.output<typeof geminiAnswer>;
export type GeminiCandidate = z.output<typeof candidate>;
export type GeminiLogprobs = z.output<typeof logprobs>;
export type GeminiPart = z.output<typeof part>;
export type GeminiTokenLogprob = z.output<typeof tokenLogprob>;
export type GeminiUsage = z.output<typeof usage>;
export type GeminiError = z.output<typeof geminiError>;
