// The dialect of POST /v1/responses: one turn of a conversation that may continue a stored one.
// https://platform.openai.com/docs/api-reference/responses

import { ServiceError } from "../../errors.ts";
import type { AskedPrompt, AskedRequest, AskedTool, ToolUse } from "../../generation/request.ts";
import type { AnswerIdentity, Dialect, ParseContext, ParsedRequest } from "../dialect.ts";
import { OPENAI } from "../openai/answer.ts";
import { encodeOpenaiError } from "../openai/encoder.ts";
import { readReasoning } from "../openai/reasoning.ts";
import { CHAT_CODES } from "../shared/contract.ts";
import {
  refuseStreamOptions,
  requestsOf,
  UNSUPPORTED_IN_CHAT,
  unsupportedWith,
} from "../shared/fields.ts";
import { type OwnParams, withOwnParam } from "../shared/own-params.ts";
import { parseBody, type Replacements } from "../shared/parse-body.ts";
import { isObject } from "../shared/refusals.ts";
import { readTools } from "../shared/tools.ts";
import { response, responseEvent } from "./answer.ts";
import { ResponsesEncoder } from "./encoder.ts";
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

/** See `withOwnParam`. */
const OWN_PARAMS: OwnParams = {
  context_length_exceeded: { messages: "input", prompt: "input" },
  template_error: { messages: "input" },
  unsupported_parameter: { reasoning_effort: "reasoning.effort" },
};

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
    return withOwnParams(() => parsedRequest(fields, ignoredParams, context));
  },

  encodeError: (error) => encodeOpenaiError(withOwnParam(error, OWN_PARAMS)),
};

function parsedRequest(
  fields: ResponsesFields,
  ignoredParams: readonly string[],
  context: ParseContext,
): ParsedRequest {
  refuseStreamOptions(fields);
  const isStored = context.conversation !== undefined && fields.store !== false;
  if (fields.background && !isStored) throw noBackground(context);
  const tools = withOwnPaths(readTools(chatTools(fields)));
  const previousId = fields.previous_response_id ?? null;
  const earlier = previousId === null ? [] : earlierItems(previousId, context);
  const turn = { fields, context, tools, earlier, items: [...earlier, ...fields.input] };
  const form = (cut: number): ParsedRequest => {
    const omitted = omittedBefore(cut, turn.items);
    const traits = { isStored, omitted };
    const encoder = (identity: AnswerIdentity) =>
      new ResponsesEncoder({ identity, fields, traits, input: fields.input });
    const isBackground = fields.background ?? false;
    return {
      ...withoutItems(turn, omitted),
      ignoredParams,
      encoder,
      storing: isStored ? { previousId, isBackground, encoder } : null,
    };
  };
  const [first, ...others] = cutsWithinLimits(turn);
  return { ...form(first), shorterForms: others.map((cut) => () => form(cut)) };
}

/**
 * Indices at which the conversation may be cut, longest remainder first; 0 keeps all of it.
 * @throws ServiceError 400 for a conversation that is too long and may not be cut enough
 */
function cutsWithinLimits({ fields, earlier, items }: ConversationTurn): [number, ...number[]] {
  const cuts = fields.truncation === "auto" ? cutsOf(items) : [];
  const from = earlier.length === 0 ? 0 : earliestWithinLimits(items); // a single body is always within the limits
  if (from === 0) return [0, ...cuts];
  const [first, ...others] = cuts.filter((cut) => cut >= from);
  if (first !== undefined) return [first, ...others];
  const message = `the conversation of previous_response_id has more than ${CONVERSATION_LIMITS}; set truncation to "auto", or start a new conversation`;
  throw new ServiceError("context_length_exceeded", message, { param: "previous_response_id" });
}

const STORES_NONE = "is not possible here: this server stores no responses (--response-store 0)";

function earlierItems(previousId: string, { conversation }: ParseContext): readonly InputItem[] {
  if (conversation) return readEarlier(conversation(previousId));
  const param = "previous_response_id";
  throw new ServiceError("unsupported_parameter", `${param} ${STORES_NONE}`, { param });
}

function noBackground({ conversation }: ParseContext): ServiceError {
  const reason = conversation
    ? "requires store: true; without it the answer could not be retrieved"
    : STORES_NONE;
  return new ServiceError("unsupported_parameter", `background ${reason}`, { param: "background" });
}

type ConversationTurn = {
  readonly fields: ResponsesFields;
  readonly context: ParseContext;
  readonly tools: ToolUse<AskedTool> | null;
  readonly earlier: readonly InputItem[];
  /** The whole conversation. */
  readonly items: readonly InputItem[];
};

/** @param omitted indices of the conversation's items that are left out */
function withoutItems(
  { fields, context, tools, earlier, items }: ConversationTurn,
  omitted: readonly number[],
) {
  const skipped = new Set(omitted);
  const messages = readInput(
    items.filter((_, index) => !skipped.has(index)),
    { instructions: fields.instructions ?? null, firstOwn: earlier.length },
  );
  const prompt: AskedPrompt = {
    type: "messages",
    messages,
    tools,
    continuesLast: messages.at(-1)?.role === "assistant",
    ...readReasoning({ ...fields, reasoning_effort: fields.reasoning?.effort }),
  };
  const wantsLogprobs =
    (fields.top_logprobs ?? 0) > 0 || fields.include?.includes("message.output_text.logprobs");
  const parsed = requestsOf(
    {
      ...fields,
      n: 1,
      return_progress: false,
      stream_options: null,
      max_tokens: null,
      response_format: chatFormat(fields),
    },
    {
      prompts: [prompt],
      maxTokens: fields.max_output_tokens ?? null,
      logprobs: wantsLogprobs
        ? { alternatives: fields.top_logprobs ?? 0, includesPrompt: false }
        : null,
      echoesPrompt: false,
    },
    context,
  );
  return { ...parsed, requests: parsed.requests.map(withOwnPath) };
}

function withOwnPath(request: AskedRequest): AskedRequest {
  const { grammar } = request;
  const isSchema = grammar !== null && typeof grammar !== "string";
  return isSchema
    ? { ...request, grammar: { ...grammar, param: ownParam(grammar.param) } }
    : request;
}

/** Errors in the tools' schemas name the fields of this API, not those of chat completions. */
function withOwnPaths(use: ToolUse<AskedTool> | null): ToolUse<AskedTool> | null {
  if (!use) return null;
  const tools = use.tools.map((tool) => ({
    ...tool,
    parameters: { ...tool.parameters, param: ownParam(tool.parameters.param) },
  }));
  return { ...use, tools };
}

/** The tool fields in the form of chat completions. */
function chatTools({ tools, tool_choice: choice, parallel_tool_calls }: ResponsesFields) {
  const asFunction = ({ type, ...rest }: NonNullable<typeof tools>[number]) => ({
    type,
    function: rest,
  });
  return {
    tools: tools?.map(asFunction) ?? null,
    tool_choice: chatChoice(choice ?? null),
    parallel_tool_calls,
  };
}

function chatChoice(choice: NonNullable<ResponsesFields["tool_choice"]> | null) {
  if (choice === null || typeof choice === "string") return choice;
  const asFunction = ({ name }: { readonly name: string }) =>
    ({ type: "function", function: { name } }) as const;
  if (choice.type === "function") return asFunction(choice);
  const { mode, tools } = choice;
  return { type: "allowed_tools", allowed_tools: { mode, tools: tools.map(asFunction) } } as const;
}

function chatFormat({ text }: ResponsesFields) {
  const given = text?.format;
  if (given?.type !== "json_schema") return given ?? null;
  const { name, schema, strict } = given;
  return { type: "json_schema", json_schema: { name, schema, strict } } as const;
}

/** Path of a field of chat completions → path of the same field here. */
function ownParam(param: string): string {
  return param
    .replace(/^(tools\[\d+\])\.function\b/, "$1")
    .replace(/^response_format\.json_schema\b/, "text.format")
    .replace(/^response_format\b/, "text.format");
}

function withOwnParams<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ServiceError) || error.param === null) throw error;
    const param = ownParam(error.param);
    throw new ServiceError(error.code, error.message.replace(error.param, param), {
      param,
      cause: error.cause,
    });
  }
}
