// A conversation → the body of POST /v1/chat/completions for its next answer.

import type { ChatSettings, Conversation, ToolCall, Turn } from "./conversation.ts";
import { type Read, readJson } from "./json-text.ts";
import { type JsonObject, readSchema, readTools } from "./typed-settings.ts";

type RequestMessage =
  | { readonly role: "system" | "user"; readonly content: string }
  | {
      readonly role: "assistant";
      readonly content: string | null;
      readonly tool_calls?: readonly RequestCall[];
    }
  | { readonly role: "tool"; readonly tool_call_id: string; readonly content: string };

type RequestCall = {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
};

/** What is not set is not there: the server has its own defaults. */
export type RequestBody = {
  readonly model?: string;
  readonly messages: readonly RequestMessage[];
  readonly temperature?: number;
  readonly top_p?: number;
  readonly max_tokens?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  readonly response_format?: {
    readonly type: "json_schema";
    readonly json_schema: { readonly name: string; readonly schema: JsonObject };
  };
  readonly tools?: readonly JsonObject[];
};

export type StreamedBody = RequestBody & {
  readonly stream: true;
  readonly stream_options: { readonly include_usage: true };
  readonly return_progress: true;
};

/** Settings that may be null. */
type Nullable = "model" | "temperature" | "topP" | "maxTokens" | "seed";

/**
 * For the answer that comes next; where the last turn is an answer, it is gone on with.
 *
 * @param defaults stand where the conversation's own settings are null
 * @throws Error if schema or tools cannot be read; `problemsOf` tells before
 */
export function requestBody(
  { settings, turns, omittedTurns }: Conversation,
  defaults: Partial<Pick<ChatSettings, Nullable>> = {},
): RequestBody {
  const schema = readable("the JSON schema", readSchema(settings.jsonSchema));
  const tools = readable("the list of tools", readTools(settings.tools));
  return {
    ...set("model", settings.model ?? defaults.model),
    messages: [...systemMessage(settings.system), ...messagesOf(turns.slice(omittedTurns))],
    ...set("temperature", settings.temperature ?? defaults.temperature),
    ...set("top_p", settings.topP ?? defaults.topP),
    ...set("max_tokens", settings.maxTokens ?? defaults.maxTokens),
    ...set("seed", settings.seed ?? defaults.seed),
    ...(settings.stop.length > 0 ? { stop: settings.stop } : {}),
    ...(schema
      ? { response_format: { type: "json_schema", json_schema: { name: "answer", schema } } }
      : {}),
    ...(tools.length > 0 ? { tools } : {}),
  };
}

/** The same, to be streamed with all that the page shows. */
export function streamedBody(...given: Parameters<typeof requestBody>): StreamedBody {
  return {
    ...requestBody(...given),
    ...{ stream: true, stream_options: { include_usage: true }, return_progress: true },
  };
}

function set<K extends string, T>(name: K, value: T | null | undefined): { [key in K]?: T } {
  const fields: { [key in K]?: T } = {};
  if (value !== null && value !== undefined) fields[name] = value;
  return fields;
}

function readable<T>(what: string, read: Read<T>): T {
  if ("value" in read) return read.value;
  throw new Error(`${what} cannot be read: ${read.problem}`);
}

function systemMessage(text: string): readonly RequestMessage[] {
  return text.trim() === "" ? [] : [{ role: "system", content: text }];
}

function messagesOf(turns: readonly Turn[]): readonly RequestMessage[] {
  const sent = sentCalls(turns);
  return turns.flatMap((turn) => messageOf(turn, sent));
}

/** Ids of the calls that have a result: others would leave the model waiting. */
function sentCalls(turns: readonly Turn[]): ReadonlySet<string> {
  const answered = new Set<string>();
  for (const turn of turns) if (turn.kind === "tool-result") answered.add(turn.callId);
  const calls = turns.flatMap((turn) => (turn.kind === "answer" ? turn.calls : []));
  const sent = calls.filter((call) => answered.has(call.id) && hasReadableArguments(call));
  return new Set(sent.map(({ id }) => id));
}

/** The server refuses a conversation with a call whose arguments were cut off. */
function hasReadableArguments({ arguments: text }: ToolCall): boolean {
  if (text.trim() === "") return true;
  const read = readJson(text);
  if (!("value" in read)) return false;
  return typeof read.value === "object" && read.value !== null && !Array.isArray(read.value);
}

function messageOf(turn: Turn, sent: ReadonlySet<string>): readonly RequestMessage[] {
  switch (turn.kind) {
    case "question":
      return [{ role: "user", content: turn.text }];
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

/** Nothing for an answer that says nothing. */
function answerMessage(text: string, calls: readonly ToolCall[]): readonly RequestMessage[] {
  const isSilent = text.trim() === "";
  if (calls.length === 0) return isSilent ? [] : [{ role: "assistant", content: text }];
  const content = isSilent ? null : text;
  return [{ role: "assistant", content, tool_calls: calls.map(requestCall) }];
}

function requestCall({ id, name, arguments: given }: ToolCall): RequestCall {
  return { id, type: "function", function: { name, arguments: given } };
}
