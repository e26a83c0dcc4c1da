// The dialect of POST /v1/responses: one turn of a conversation that may continue a stored one.
// https://platform.openai.com/docs/api-reference/responses

import { ServiceError } from "../../errors.ts";
import type { AskedPrompt } from "../../generation/request.ts";
import { jsonObjectGrammar } from "../../grammar/json-schema.ts";
import type { AnswerIdentity, Dialect, ParseContext, ParsedRequest } from "../dialect.ts";
import { OPENAI } from "../openai/answer.ts";
import { readReasoning } from "../openai/reasoning.ts";
import { CHAT_CODES } from "../shared/contract.ts";
import {
  refuseStreamOptions,
  requestsOf,
  UNSUPPORTED_IN_CHAT,
  unsupportedWith,
} from "../shared/fields.ts";
import { parseBody, type Replacements } from "../shared/parse-body.ts";
import { isObject, notSupported } from "../shared/refusals.ts";
import { type AnswerForm, schemaAt } from "../shared/schema-grammar.ts";
import { readTools } from "../shared/tools.ts";
import { response, responseEvent } from "./answer.ts";
import { encodeResponsesError, ResponsesEncoder } from "./encoder.ts";
import { type ResponsesFields, responsesBody, responsesSchema } from "./fields.ts";
import {
  type InputItem,
  readEarlier,
  readInput,
  refuseUnreadableItems,
  withItems,
} from "./input.ts";
import { CONVERSATION_LIMITS, cutsOf, earliestWithinLimits, omittedBefore } from "./truncation.ts";

/** Fields of chat completions and other APIs that have a different name here. */
const REPLACEMENTS: Replacements = {
  prompt: "input and instructions",
  messages: "input",
  max_tokens: "max_output_tokens",
  max_completion_tokens: "max_output_tokens",
  logprobs: "top_logprobs",
  think: "reasoning.effort",
  thinking: "reasoning.effort or thinking_budget_tokens",
  enable_thinking: "reasoning.effort or chat_template_kwargs",
  response_format: "text.format",
  format: "text.format",
  guided_json: "text.format",
  structured_outputs: "text.format",
};

const UNSUPPORTED = unsupportedWith({
  ...UNSUPPORTED_IN_CHAT,
  n: [1],
  return_progress: [false],
  conversation: [],
  context_management: [],
  max_tool_calls: [],
  reasoning_format: [],
  logprobs: [false],
  prompt: [],
  messages: [],
  max_tokens: [],
  max_completion_tokens: [],
  response_format: [],
});

type MessagesPrompt = Extract<AskedPrompt, { readonly type: "messages" }>;

export const openaiResponses: Dialect = {
  path: "/v1/responses",

  contract: {
    name: "Response",
    tag: OPENAI,
    summary: "Answers one turn of a conversation, and stores it",
    body: responsesBody,
    unsupported: UNSUPPORTED,
    replacements: REPLACEMENTS,
    example: { input: "What is streaming?", max_output_tokens: 60 },
    answer: response,
    event: responseEvent,
    codes: [...CHAT_CODES, "previous_response_not_found", "response_store_full"],
  },

  parse(body, context) {
    if (isObject(body)) refuseUnreadableItems(body.input);
    const { fields, ignoredParams } = parseBody(
      responsesSchema,
      withItems(body),
      UNSUPPORTED,
      REPLACEMENTS,
    );
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
  const tools = readTools(chatTools(fields), (index) => `tools[${index}]`);
  const previousId = fields.previous_response_id ?? null;
  const earlier = previousId === null ? [] : earlierItems(previousId, context);
  const items = [...earlier, ...fields.input];
  const form = (cut: number): ParsedRequest => {
    const omitted = omittedBefore(cut, items);
    const skipped = new Set(omitted);
    const messages = readInput(
      items.filter((_, index) => !skipped.has(index)),
      { instructions: fields.instructions ?? null, firstOwn: earlier.length },
    );
    const { input } = fields;
    const encoder = (identity: AnswerIdentity) =>
      new ResponsesEncoder({ identity, fields, isStored, omitted, input });
    const isBackground = fields.background ?? false;
    return {
      ...requestsFor({ messages, tools }, fields, context),
      ignoredParams,
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
  conversation: Pick<MessagesPrompt, "messages" | "tools">,
  fields: ResponsesFields,
  context: ParseContext,
) {
  const prompt: MessagesPrompt = {
    type: "messages",
    ...conversation,
    continuesLast: conversation.messages.at(-1)?.role === "assistant",
    ...readReasoning({ ...fields, reasoning_effort: fields.reasoning?.effort }),
  };
  const wantsLogprobs =
    (fields.top_logprobs ?? 0) > 0 || fields.include?.includes("message.output_text.logprobs");
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

/** The tool fields in the form of chat completions. */
function chatTools({ tools, tool_choice: choice, parallel_tool_calls }: ResponsesFields) {
  return {
    tools: tools?.map(({ type, ...rest }) => ({ type, function: rest })) ?? null,
    tool_choice: chatChoice(choice ?? null),
    parallel_tool_calls,
  };
}

function chatChoice(choice: NonNullable<ResponsesFields["tool_choice"]> | null) {
  if (choice === null || typeof choice === "string") return choice;
  if (choice.type === "function") return asFunction(choice);
  const { type, mode, tools } = choice;
  return { type, allowed_tools: { mode, tools: tools.map(asFunction) } };
}

function asFunction({ type, name }: { readonly type: "function"; readonly name: string }) {
  return { type, function: { name } };
}

function formatOf({ text }: ResponsesFields): AnswerForm | null {
  const format = text?.format;
  const param = "text.format";
  switch (format?.type) {
    case "json_schema":
      return { param, grammar: schemaAt(format.schema, `${param}.schema`) };
    case "json_object":
      return { param, grammar: jsonObjectGrammar() };
    default:
      return null;
  }
}
