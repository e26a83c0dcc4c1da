// Encodes the response object in any state: queued, in progress or ended.
// https://platform.openai.com/docs/api-reference/responses/object

import type { Receipt } from "../../generation/events.ts";
import type { AnswerIdentity } from "../dialect.ts";
import type { OpenaiError } from "../openai/answer.ts";
import { encodeTimings, tierOf } from "../openai/encoder.ts";
import type { ResponseItem, ResponseStatus } from "./answer.ts";
import { encodeComparison, responseId } from "./diagnostics.ts";
import type { ResponsesFields } from "./fields.ts";

export type ResponseState = {
  readonly identity: AnswerIdentity;
  readonly fields: ResponsesFields;
  /** Whether the response is stored, so that clients can retrieve and continue it. */
  readonly isStored: boolean;
  /** Indices of the conversation's items that did not fit and were left out. */
  readonly omitted: readonly number[];
  readonly status: ResponseStatus;
  readonly items: readonly ResponseItem[];
  /** Null until generation has ended. */
  readonly receipt: Receipt | null;
  /** The error that ended it, in OpenAI's form; null for none. */
  readonly error: OpenaiError["error"] | null;
};

export function encodeResponse(state: ResponseState): object {
  const { identity, status, items, receipt, error } = state;
  return {
    id: responseId(identity.id),
    object: "response",
    created_at: identity.createdAtSeconds,
    status,
    error: error && { code: failureCode(error.code), message: error.message },
    incomplete_details: reasonOf(status),
    model: identity.model,
    output: items,
    ...echoed(state),
    ...(identity.comparison
      ? { prompt_cache_diagnostics: encodeComparison(identity.comparison) }
      : {}),
    usage: receipt ? encodeUsage(receipt) : null,
    ...(receipt ? { timings: encodeTimings(receipt) } : {}),
  };
}

/** Codex looks for this code, and then shortens the conversation. */
function failureCode(code: string): string {
  return code === "context_length_exceeded" ? code : "server_error";
}

function reasonOf(status: ResponseStatus): { readonly reason: string } | null {
  if (status === "incomplete") return { reason: "max_output_tokens" };
  return status === "cancelled" ? { reason: "cancelled" } : null;
}

/** The request's fields, which the response repeats with defaults filled in. */
function echoed({ fields, isStored, omitted }: ResponseState): object {
  return {
    instructions: fields.instructions ?? null,
    max_output_tokens: fields.max_output_tokens ?? null,
    parallel_tool_calls: fields.parallel_tool_calls ?? true,
    previous_response_id: fields.previous_response_id ?? null,
    reasoning: {
      effort: fields.reasoning?.effort ?? fields.reasoning_effort ?? null,
      summary: null,
    },
    service_tier: tierOf(fields.service_tier),
    store: isStored,
    temperature: fields.temperature,
    text: { format: fields.text?.format ?? { type: "text" } },
    tool_choice: fields.tool_choice ?? "auto",
    tools: (fields.tools ?? []).filter(({ type }) => type !== "hosted"),
    top_p: fields.top_p,
    truncation: fields.truncation ?? "disabled",
    ...(fields.truncation === "auto" ? { omitted_items: omitted } : {}),
    background: fields.background ?? false,
    metadata: fields.metadata ?? {},
  };
}

function encodeUsage({ usage }: Receipt): object {
  return {
    input_tokens: usage.promptTokens,
    input_tokens_details: { cached_tokens: usage.cachedTokens, cache_write_tokens: 0 },
    output_tokens: usage.completionTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.promptTokens + usage.completionTokens,
  };
}
