// The dialect of POST /v1/responses: one turn of a conversation that may continue a stored one.
// https://platform.openai.com/docs/api-reference/responses

import { ServiceError } from "../../errors.ts";
import type { AskedPrompt } from "../../generation/request.ts";
import { jsonObjectGrammar } from "../../grammar/json-schema.ts";
import type { AnswerIdentity, Dialect, ParseContext, ParsedRequest } from "../dialect.ts";
import { OPENAI } from "../openai/answer.ts";
import { readReasoning } from "../openai/reasoning.ts";
import { CHAT_CODES } from "../shared/contract.ts";
import { policyWith, UNSUPPORTED_IN_CHAT, WISHES_IN_CHAT } from "../shared/field-policy.ts";
import { refuseStreamOptions, requestsOf } from "../shared/fields.ts";
import { parseBody } from "../shared/parse-body.ts";
import { isObject, notSupported } from "../shared/refusals.ts";
import { type AnswerForm, schemaFormOf } from "../shared/schema-grammar.ts";
import { response, responseEvent } from "./answer.ts";
import { readComparison } from "./diagnostics.ts";
import { encodeResponsesError, ResponsesEncoder } from "./encoder.ts";
import {
  INCLUDED_LOGPROBS,
  type ResponsesFields,
  responsesBody,
  responsesSchema,
} from "./fields.ts";
import { ignoredItems, readInput } from "./input.ts";
import { type InputItem, readEarlier, refuseUnreadableItems, withItems } from "./items.ts";
import { readResponsesTools } from "./tools.ts";
import { CONVERSATION_LIMITS, cutsOf, earliestWithinLimits, omittedBefore } from "./truncation.ts";

const POLICY = policyWith({
  unsupported: {
    ...UNSUPPORTED_IN_CHAT,
    n: [1],
    conversation: [],
    logprobs: [false],
    prompt: [],
    messages: [],
    response_format: [],
  },
  replacements: {
    prompt: "input and instructions",
    messages: "input",
    logprobs: "top_logprobs",
    response_format: "text.format",
    format: "text.format",
    guided_json: "text.format",
    structured_outputs: "text.format",
  },
  wishes: {
    ...WISHES_IN_CHAT,
    "text.verbosity": ["medium"],
    return_progress: [false],
    context_management: [],
    max_tool_calls: [],
  },
  sameAs: {
    max_tokens: "max_output_tokens",
    max_completion_tokens: "max_output_tokens",
    n_predict: "max_output_tokens",
  },
});

type MessagesPrompt = Extract<AskedPrompt, { readonly type: "messages" }>;

export const openaiResponses: Dialect = {
  path: "/v1/responses",

  contract: {
    name: "Response",
    tag: OPENAI,
    summary: "Answers one turn of a conversation, and stores it",
    body: responsesBody,
    ...POLICY,
    example: { input: "What is streaming?", max_output_tokens: 60 },
    answer: response,
    event: responseEvent,
    codes: [...CHAT_CODES, "previous_response_not_found", "response_store_full"],
  },

  parse(body, context) {
    if (isObject(body)) refuseUnreadableItems(body.input);
    const { fields, ignoredParams } = parseBody(responsesSchema, withItems(body), POLICY);
    return parsedRequest(fields, ignoredParams, context);
  },

  encodeError: encodeResponsesError,
};

function parsedRequest(
  fields: ResponsesFields,
  ignoredParams: readonly string[],
  context: ParseContext,
): ParsedRequest {
  refuseStreamOptions(fields);
  const isStored = context.conversation !== undefined && fields.store !== false;
  if (fields.background && !isStored) throw noBackground(context);
  const { prompt: reasoning, wishes } = readReasoning(fields);
  const { use, clientTools, nameInModel, ignored } = readResponsesTools(fields);
  const previousId = fields.previous_response_id ?? null;
  const earlier = previousId === null ? [] : earlierItems(previousId, context);
  const items = [...earlier, ...fields.input];
  const form = (cut: number): ParsedRequest => {
    const omitted = omittedBefore(cut, items);
    const skipped = new Set(omitted);
    const messages = readInput(
      items.filter((_, index) => !skipped.has(index)),
      { instructions: fields.instructions ?? null, nameInModel },
    );
    const { input } = fields;
    const encoder = (identity: AnswerIdentity) =>
      new ResponsesEncoder({ identity, fields, isStored, omitted, input, clientTools });
    const isBackground = fields.background ?? false;
    return {
      ...requestsFor({ messages, tools: use, ...reasoning }, fields, context),
      ignoredParams: [...ignoredParams, ...ignored, ...ignoredItems(input), ...ignoredIn(fields)],
      wishes,
      ...readComparison(fields.prompt_cache_options),
      encoder,
      storing: isStored ? { previousId, isBackground, encoder } : null,
    };
  };
  const [first, ...others] = cutsWithinLimits(items, fields);
  return { ...form(first), shorterForms: others.map((cut) => () => form(cut)) };
}

/**
 * Indices at which the conversation may be cut, longest remainder first; 0 keeps all of it.
 * @throws ServiceError 400 for a conversation that is too long and may not be cut enough
 */
function cutsWithinLimits(
  items: readonly InputItem[],
  { truncation, input }: ResponsesFields,
): [number, ...number[]] {
  const cuts = truncation === "auto" ? cutsOf(items) : [];
  const from = items.length === input.length ? 0 : earliestWithinLimits(items); // a single body is always within the limits
  if (from === 0) return [0, ...cuts];
  const [first, ...others] = cuts.filter((cut) => cut >= from);
  if (first !== undefined) return [first, ...others];
  // The first sentence is OpenAI's.
  const message = `Your input exceeds the context window of this model. Please adjust your input and try again; the conversation of previous_response_id has more than ${CONVERSATION_LIMITS}; set truncation to "auto", or start a new conversation`;
  throw new ServiceError("context_length_exceeded", message, { param: "previous_response_id" });
}

const STORES_NONE = "is not possible here: this server stores no responses (--response-store 0)";

function earlierItems(previousId: string, { conversation }: ParseContext): readonly InputItem[] {
  if (conversation) return readEarlier(conversation(previousId));
  throw notSupported("previous_response_id", STORES_NONE);
}

function noBackground({ conversation }: ParseContext): ServiceError {
  const reason = conversation
    ? "requires store: true; without it the answer could not be retrieved"
    : STORES_NONE;
  return notSupported("background", reason);
}

function requestsFor(
  conversation: Omit<MessagesPrompt, "type" | "continuesLast">,
  fields: ResponsesFields,
  context: ParseContext,
) {
  const prompt: MessagesPrompt = {
    type: "messages",
    ...conversation,
    continuesLast: conversation.messages.at(-1)?.role === "assistant",
  };
  const wantsLogprobs =
    (fields.top_logprobs ?? 0) > 0 || fields.include?.includes(INCLUDED_LOGPROBS);
  return requestsOf(
    { ...fields, n: 1, return_progress: false, stream_options: null },
    {
      prompts: [prompt],
      format: formatOf(fields),
      maxTokens: fields.max_output_tokens ?? null,
      logprobs: wantsLogprobs
        ? { alternatives: fields.top_logprobs ?? 0, includesPrompt: false }
        : null,
      echoesPrompt: false,
    },
    context,
  );
}

/** Encrypted reasoning never exists here, so asking for it changes nothing. */
function ignoredIn({ include }: ResponsesFields): readonly string[] {
  const isKnown = (each: string) =>
    each === INCLUDED_LOGPROBS || each === "reasoning.encrypted_content";
  return (include ?? []).every(isKnown) ? [] : ["include"];
}

function formatOf({ text }: ResponsesFields): AnswerForm | null {
  const format = text?.format;
  const param = "text.format";
  switch (format?.type) {
    case "json_schema":
      return schemaFormOf(format, param);
    case "json_object":
      return { param, grammar: jsonObjectGrammar() };
    default:
      return null;
  }
}
