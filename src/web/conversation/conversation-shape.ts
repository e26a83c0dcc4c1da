// Whether a value from a file is a conversation, field by field. The tables are held to the types: a field that is
// new there, and missing here, does not compile.

import type {
  Answer,
  ChatSettings,
  Conversation,
  Failure,
  Numbers,
  Phase,
  Question,
  StreamPlace,
  ToolCall,
  ToolResult,
  Turn,
} from "./conversation.ts";

/** @throws Error that begins with the path */
type Check = (value: unknown, path: string) => void;
type Fields<T> = { readonly [name in keyof T]-?: Check };

const SETTINGS: Fields<ChatSettings> = {
  ...{ model: orNull(text), system: text, stop: listOf(text), jsonSchema: text, tools: text },
  ...{ temperature: orNull(number), topP: orNull(number), maxTokens: orNull(number) },
  seed: orNull(number),
};

const QUESTION: Fields<Question> = { kind: text, id: text, text };

const TOOL_RESULT: Fields<ToolResult> = { kind: text, id: text, callId: text, name: text, text };

const CALL: Fields<ToolCall> = { id: text, name: text, arguments: text };

const FAILURE: Fields<Failure> = {
  ...{ status: orNull(number), code: text, message: text, param: orNull(text) },
  retryAtMs: orNull(time),
};

const NUMBERS: Fields<Numbers> = {
  ...{ queueMs: number, prefillMs: number, firstTokenMs: orNull(number), totalMs: number },
  ...{ promptTokens: number, cachedTokens: number, generatedTokens: number, seed: orNull(number) },
};

const STREAM: Fields<StreamPlace> = { address: text, lastEventId: orNull(text) };

const PHASES: { readonly [type in Phase["type"]]: Fields<Extract<Phase, { type: type }>> } = {
  ...{ connecting: { type: text }, restarting: { type: text }, thinking: { type: text } },
  ...{ writing: { type: text }, calling: { type: text }, done: { type: text } },
  ...{ stopped: { type: text }, failed: { type: text } },
  loading: { type: text, progress: orNull(number) },
  queued: { type: text, position: number, etaMs: orNull(number) },
  reading: { type: text, processed: number, total: number },
  reconnecting: { type: text, attempt: number },
};

const ANSWER: Fields<Answer> = {
  ...{ kind: text, id: text, startedAtMs: time, model: orNull(text), text, thoughts: text },
  ...{
    phase: variant("type", PHASES),
    thinkingSinceMs: orNull(number),
    thoughtMs: orNull(number),
    calls: listOf(object(CALL)),
  },
  finishReason: orNull(oneOf(["stop", "length", "tool_calls"])),
  ...{ failure: orNull(object(FAILURE)), numbers: orNull(object(NUMBERS)) },
  stream: orNull(object(STREAM)),
};

const TURNS: { readonly [kind in Turn["kind"]]: Fields<Extract<Turn, { kind: kind }>> } = {
  ...{ question: QUESTION, answer: ANSWER, "tool-result": TOOL_RESULT },
};

const CONVERSATION: Fields<Conversation> = {
  ...{ id: text, title: text, createdAtMs: time, updatedAtMs: time },
  ...{ settings: object(SETTINGS), turns: listOf(variant("kind", TURNS)), omittedTurns: number },
};

/**
 * @param path to the value, for the message
 * @throws Error that says where it is none
 */
export function checkConversation(value: unknown, path: string): Conversation {
  object(CONVERSATION)(value, path);
  const checked = value as Conversation; // as just checked
  const { turns, omittedTurns } = checked;
  checkDifferent(turns, `${path}.turns`);
  if (!Number.isInteger(omittedTurns) || omittedTurns < 0 || omittedTurns > turns.length)
    throw new Error(`${path}.omittedTurns: expected a number of turns, from 0 to ${turns.length}`);
  return checked;
}

/** @throws Error if an id is there twice */
export function checkDifferent(values: readonly { readonly id: string }[], path: string): void {
  const ids = new Set<string>();
  for (const [index, { id }] of values.entries()) {
    if (ids.has(id)) throw new Error(`${path}[${index}].id: the id "${id}" is there twice`);
    ids.add(id);
  }
}

function object(fields: Readonly<Record<string, Check>>): Check {
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw wrong(path, "an object", value);
    for (const [name, check] of Object.entries(fields))
      check((value as Record<string, unknown>)[name], `${path}.${name}`);
  };
}

/** An object whose other fields depend on one. */
function variant(
  tag: string,
  variants: Readonly<Record<string, Readonly<Record<string, Check>>>>,
): Check {
  const isKnown = oneOf(Object.keys(variants));
  return (value, path) => {
    object({ [tag]: isKnown })(value, path);
    const { [tag]: name } = value as Record<string, unknown>; // an object, as just checked
    object(variants[String(name)] ?? {})(value, path);
  };
}

function listOf(check: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value)) throw wrong(path, "a list", value);
    for (const [index, each] of value.entries()) check(each, `${path}[${index}]`);
  };
}

function orNull(check: Check): Check {
  return (value, path) => {
    if (value !== null) check(value, path);
  };
}

function oneOf(names: readonly string[]): Check {
  return (value, path) => {
    if (typeof value !== "string" || !names.includes(value))
      throw wrong(path, `one of ${names.join(", ")}`, value);
  };
}

function text(value: unknown, path: string): void {
  if (typeof value !== "string") throw wrong(path, "a text", value);
}

/** 1e999 is JSON, and no number that could be written as JSON again. */
function number(value: unknown, path: string): void {
  if (!Number.isFinite(value)) throw wrong(path, "a number", value);
}

/** In ms since 1970, as far as dates go. */
function time(value: unknown, path: string): void {
  if (typeof value !== "number" || Number.isNaN(new Date(value).getTime()))
    throw wrong(path, "a time in ms since 1970", value);
}

function wrong(path: string, words: string, value: unknown): Error {
  const found = JSON.stringify(value)?.slice(0, 40) ?? "nothing";
  return new Error(`${path}: expected ${words}, found ${found}`);
}
