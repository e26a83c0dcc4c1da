// POST /v1/responses: one turn of a conversation, after what was said before.
// https://platform.openai.com/docs/api-reference/responses

import { ServiceError } from "../../errors.ts";
import type { AskedPrompt, AskedRequest, AskedTool, ToolUse } from "../../generation/request.ts";
import type { AnswerIdentity, Dialect, ParseContext, ParsedRequest } from "../dialect.ts";
import { encodeOpenaiError } from "../openai/encoder.ts";
import { readReasoning } from "../openai/reasoning.ts";
import { requestsOf, UNSUPPORTED_IN_CHAT, unsupportedWith } from "../shared/fields.ts";
import { type OwnParams, withOwnParam } from "../shared/own-params.ts";
import { parseBody, type Replacements } from "../shared/parse-body.ts";
import { readTools } from "../shared/tools.ts";
import { responsesContract } from "./contract.ts";
import { ResponsesEncoder } from "./encoder.ts";
import { type ResponsesFields, responsesSchema } from "./fields.ts";
import {
  type InputItem,
  readEarlier,
  readInput,
  refuseUnreadableItems,
  withItems,
} from "./input.ts";
import { CONVERSATION_LIMITS, cutsOf, earliestWithinLimits, omittedBefore } from "./truncation.ts";

/** What chat completions and others have under a name that is not taken here. */
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

/** What the engine says of a prompt. */
const OWN_PARAMS: OwnParams = {
  context_length_exceeded: { messages: "input", prompt: "input" },
  template_error: { messages: "input" },
  unsupported_parameter: { reasoning_effort: "reasoning.effort" },
};

export const openaiResponses: Dialect = {
  path: "/v1/responses",
  contract: responsesContract(UNSUPPORTED, REPLACEMENTS),

  parse(body, context) {
    refuseUnreadableItems((body as { input?: unknown } | null)?.input);
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
  const isStored = context.conversation !== undefined && fields.store !== false;
  if (fields.background && !isStored) throw cannotRunOn(context);
  const tools = withOwnPlaces(readTools(chatTools(fields)));
  const previousId = fields.previous_response_id ?? null;
  const earlier = previousId === null ? [] : earlierItems(previousId, context);
  const asked = { fields, context, tools, earlier, items: [...earlier, ...fields.input] };
  const form = (cut: number): ParsedRequest => {
    const omitted = omittedBefore(cut, asked.items);
    const traits = { isStored, omitted };
    const encoder = (identity: AnswerIdentity) =>
      new ResponsesEncoder({ identity, fields, traits, input: fields.input });
    const isBackground = fields.background ?? false;
    return {
      ...withoutItems(asked, omitted),
      ignoredParams,
      encoder,
      storing: isStored ? { previousId, isBackground, encoder } : null,
    };
  };
  const [first, ...others] = cutsWithinLimits(asked);
  return { ...form(first), shorterForms: others.map((cut) => () => form(cut)) };
}

/**
 * From the longest form to the shortest; 0 for the whole conversation.
 * @throws ServiceError 400 for a conversation that is too long, and may not be cut enough
 */
function cutsWithinLimits({ fields, earlier, items }: Asked): [number, ...number[]] {
  const cuts = fields.truncation === "auto" ? cutsOf(items) : [];
  const from = earlier.length === 0 ? 0 : earliestWithinLimits(items); // one body is within the limits
  if (from === 0) return [0, ...cuts];
  const [first, ...others] = cuts.filter((cut) => cut >= from);
  if (first !== undefined) return [first, ...others];
  throw new ServiceError(
    "context_length_exceeded",
    `the conversation of previous_response_id has more than ${CONVERSATION_LIMITS}; send truncation "auto", or begin a new one`,
    { param: "previous_response_id" },
  );
}

const KEEPS_NONE = "is not possible here: this server keeps no responses (--response-store 0)";

function earlierItems(previousId: string, { conversation }: ParseContext): readonly InputItem[] {
  if (conversation) return readEarlier(conversation(previousId));
  const param = "previous_response_id";
  throw new ServiceError("unsupported_parameter", `${param} ${KEEPS_NONE}`, { param });
}

function cannotRunOn({ conversation }: ParseContext): ServiceError {
  const why = conversation
    ? "needs store: nobody could ask for an answer that is not kept"
    : KEEPS_NONE;
  return new ServiceError("unsupported_parameter", `background ${why}`, { param: "background" });
}

type Asked = {
  readonly fields: ResponsesFields;
  readonly context: ParseContext;
  readonly tools: ToolUse<AskedTool> | null;
  readonly earlier: readonly InputItem[];
  /** The whole conversation. */
  readonly items: readonly InputItem[];
};

/** @param omitted places in the conversation that are left out */
function withoutItems(
  { fields, context, tools, earlier, items }: Asked,
  omitted: readonly number[],
) {
  const gone = new Set(omitted);
  const messages = readInput(
    items.filter((_, place) => !gone.has(place)),
    { instructions: fields.instructions ?? null, firstOwn: earlier.length },
  );
  const prompt: AskedPrompt = {
    type: "messages",
    messages,
    tools,
    continuesLast: messages.at(-1)?.role === "assistant",
    ...readReasoning({ ...fields, reasoning_effort: fields.reasoning?.effort }),
  };
  const wantsScores =
    (fields.top_logprobs ?? 0) > 0 || fields.include?.includes("message.output_text.logprobs");
  const asked = requestsOf(
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
      logprobs: wantsScores
        ? { alternatives: fields.top_logprobs ?? 0, includesPrompt: false }
        : null,
      echoesPrompt: false,
    },
    context,
  );
  return { ...asked, requests: asked.requests.map(withOwnPlace) };
}

function withOwnPlace(request: AskedRequest): AskedRequest {
  const { grammar } = request;
  const isSchema = grammar !== null && typeof grammar !== "string";
  return isSchema
    ? { ...request, grammar: { ...grammar, param: ownParam(grammar.param) } }
    : request;
}

/** Named as they are here, for what is wrong with their schemas. */
function withOwnPlaces(use: ToolUse<AskedTool> | null): ToolUse<AskedTool> | null {
  if (!use) return null;
  const tools = use.tools.map((tool) => ({
    ...tool,
    parameters: { ...tool.parameters, param: ownParam(tool.parameters.param) },
  }));
  return { ...use, tools };
}

/** As chat completions have them. */
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
  const { name, schema: ofAnswer, strict } = given;
  return { type: "json_schema", json_schema: { name, schema: ofAnswer, strict } } as const;
}

/** The names of chat completions' fields, and what they are here. */
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
