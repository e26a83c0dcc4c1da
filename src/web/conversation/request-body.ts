// Builds the body of POST /v1/chat/completions for the next answer of a conversation.

import type {
  ChatSettings,
  ChatToolCall,
  ChatTurn,
  Conversation,
  ReasoningEffort,
} from "./conversation.ts";
import { type Parsed, readJson } from "./json-text.ts";
import { questionContent } from "./question-content.ts";
import {
  isObject,
  type JsonObject,
  readLogitBias,
  readSchema,
  readTools,
} from "./typed-settings.ts";

type RequestMessage =
  | { readonly role: "system" | "user"; readonly content: string }
  | {
      readonly role: "assistant";
      readonly content: string | null;
      readonly tool_calls?: readonly ReturnType<typeof requestCall>[];
    }
  | { readonly role: "tool"; readonly tool_call_id: string; readonly content: string };

/** Omits settings that are null, so that the server's defaults apply. */
type RequestBody = {
  readonly model?: string;
  readonly messages: readonly RequestMessage[];
  readonly stop?: readonly string[];
  readonly response_format?: {
    readonly type: "json_schema";
    readonly json_schema: { readonly name: string; readonly schema: JsonObject };
  };
  readonly tools?: readonly JsonObject[];
} & SamplingBody;

type SamplingBody = {
  readonly temperature?: number;
  readonly top_p?: number;
  readonly top_k?: number;
  readonly min_p?: number;
  readonly repeat_penalty?: number;
  readonly presence_penalty?: number;
  readonly frequency_penalty?: number;
  readonly repeat_last_n?: number;
  readonly max_tokens?: number;
  readonly min_tokens?: number;
  readonly seed?: number;
  readonly logit_bias?: JsonObject;
  readonly reasoning_effort?: ReasoningEffort;
  readonly thinking_budget_tokens?: number;
};

/**
 * If the last turn is an answer, the server continues it.
 *
 * @param moreTools offered besides those of the settings, which come first
 * @throws Error if the schema, the tools or the logit biases are invalid; `problemsOf` reports that beforehand
 */
export function requestBody(
  { settings, turns, omittedTurns }: Conversation,
  moreTools: readonly JsonObject[] = [],
): RequestBody {
  const schema = requireValid("the JSON schema", readSchema(settings.jsonSchema));
  const typed = requireValid("the list of tools", readTools(settings.tools));
  const names = new Set(typed.map(nameOf));
  const tools = [...typed, ...moreTools.filter((tool) => !names.has(nameOf(tool)))];
  return {
    ...set("model", settings.model),
    messages: [...systemMessage(settings.system), ...messagesOf(turns.slice(omittedTurns))],
    ...samplingBody(settings),
    ...(settings.stop.length > 0 ? { stop: settings.stop } : {}),
    ...(schema
      ? { response_format: { type: "json_schema", json_schema: { name: "answer", schema } } }
      : {}),
    ...(tools.length > 0 ? { tools } : {}),
  };
}

/** The body of a streamed request, with the usage and progress that the page shows. */
export function streamedBody(conversation: Conversation, moreTools: readonly JsonObject[] = []) {
  return {
    ...requestBody(conversation, moreTools),
    stream: true,
    stream_options: { include_usage: true },
    return_progress: true,
  };
}

function nameOf({ function: definition }: JsonObject): unknown {
  return isObject(definition) ? definition.name : null;
}

function samplingBody(settings: ChatSettings): SamplingBody {
  return {
    ...set("temperature", settings.temperature),
    ...set("top_p", settings.topP),
    ...set("top_k", settings.topK),
    ...set("min_p", settings.minP),
    ...set("repeat_penalty", settings.repeatPenalty),
    ...set("presence_penalty", settings.presencePenalty),
    ...set("frequency_penalty", settings.frequencyPenalty),
    ...set("repeat_last_n", settings.penaltyTokens),
    ...set("max_tokens", settings.maxTokens),
    ...set("min_tokens", settings.minTokens),
    ...set("seed", settings.seed),
    ...set("logit_bias", requireValid("the logit bias", readLogitBias(settings.logitBias ?? ""))),
    ...set("reasoning_effort", settings.reasoningEffort),
    ...set("thinking_budget_tokens", settings.reasoningTokens),
  };
}

function set<K extends string, T>(name: K, value: T | null | undefined): { [key in K]?: T } {
  const fields: { [key in K]?: T } = {};
  if (value !== null && value !== undefined) fields[name] = value;
  return fields;
}

function requireValid<T>(what: string, parsed: Parsed<T>): T {
  if ("value" in parsed) return parsed.value;
  throw new Error(`${what} is invalid: ${parsed.problem}`);
}

function systemMessage(text: string): readonly RequestMessage[] {
  return text.trim() === "" ? [] : [{ role: "system", content: text }];
}

function messagesOf(turns: readonly ChatTurn[]): readonly RequestMessage[] {
  const sent = sentCalls(turns);
  return turns.flatMap((turn) => messageOf(turn, sent));
}

/** Ids of the tool calls that have a result. A call without one would leave the model waiting. */
function sentCalls(turns: readonly ChatTurn[]): ReadonlySet<string> {
  const answered = new Set<string>();
  for (const turn of turns) if (turn.kind === "tool-result") answered.add(turn.callId);
  const calls = turns.flatMap((turn) => (turn.kind === "answer" ? turn.calls : []));
  const sent = calls.filter((call) => answered.has(call.id) && hasCompleteArguments(call));
  return new Set(sent.map(({ id }) => id));
}

/** The server refuses a conversation with a tool call whose arguments were cut off. */
function hasCompleteArguments({ arguments: text }: ChatToolCall): boolean {
  if (text.trim() === "") return true;
  const read = readJson(text);
  return "value" in read && isObject(read.value);
}

function messageOf(turn: ChatTurn, sent: ReadonlySet<string>): readonly RequestMessage[] {
  switch (turn.kind) {
    case "question":
      return [{ role: "user", content: questionContent(turn) }];
    case "answer":
      return answerMessage(
        turn.text,
        turn.calls.filter(({ id }) => sent.has(id)),
      );
    case "tool-result":
      if (!sent.has(turn.callId)) return [];
      return [{ role: "tool", tool_call_id: turn.callId, content: turn.text }];
  }
}

/** No message for an empty answer. */
function answerMessage(text: string, calls: readonly ChatToolCall[]): readonly RequestMessage[] {
  const isEmpty = text.trim() === "";
  if (calls.length === 0) return isEmpty ? [] : [{ role: "assistant", content: text }];
  const content = isEmpty ? null : text;
  return [{ role: "assistant", content, tool_calls: calls.map(requestCall) }];
}

function requestCall({ id, name, arguments: json }: ChatToolCall) {
  return { id, type: "function", function: { name, arguments: json } } as const;
}
