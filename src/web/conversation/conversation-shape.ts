// Checks field by field that a value from a file is a conversation. The tables are typed by the shapes in
// conversation.ts, so a field that is added there and missing here does not compile.

import type {
  AnswerStatistics,
  ChatFile,
  ChatSettings,
  ChatToolCall,
  ChatTurn,
  Conversation,
  MissedTokens,
  Phase,
  RequestFailure,
  StreamPosition,
  TurnPlace,
  TurnTree,
} from "./conversation.ts";

/** @throws Error whose message starts with the path */
type Check = (value: unknown, path: string) => void;
type Fields<T> = { readonly [name in keyof T]-?: Check };

const PHASES: { readonly [type in Phase["type"]]: Fields<Extract<Phase, { type: type }>> } = {
  connecting: { type: text },
  restarting: { type: text },
  thinking: { type: text },
  writing: { type: text },
  calling: { type: text },
  done: { type: text },
  stopped: { type: text },
  failed: { type: text },
  loading: { type: text, progress: orNull(number), etaMs: optional(orNull(number)) },
  queued: { type: text, position: number, etaMs: orNull(number) },
  reading: { type: text, processed: number, total: number },
  reconnecting: { type: text, attempt: number },
};

const TURNS: { readonly [kind in ChatTurn["kind"]]: Fields<Extract<ChatTurn, { kind: kind }>> } = {
  question: {
    kind: text,
    id: text,
    text,
    files: optional(listOf(object<ChatFile>({ name: text, text }))),
  },
  answer: {
    kind: text,
    id: text,
    startedAtMs: time,
    model: orNull(text),
    text,
    thoughts: text,
    phase: variant("type", PHASES),
    thinkingSinceMs: orNull(number),
    thoughtMs: orNull(number),
    calls: listOf(object<ChatToolCall>({ id: text, name: text, arguments: text })),
    finishReason: orNull(oneOf(["stop", "length", "tool_calls"])),
    failure: orNull(
      object<RequestFailure>({
        status: orNull(number),
        code: text,
        message: text,
        param: orNull(text),
        retryAtMs: orNull(time),
      }),
    ),
    numbers: orNull(
      object<AnswerStatistics>({
        queueMs: number,
        prefillMs: number,
        firstTokenMs: orNull(number),
        totalMs: number,
        promptTokens: number,
        cachedTokens: number,
        generatedTokens: number,
        seed: orNull(number),
        cacheMiss: optional(
          object<MissedTokens>({ tokens: number, cause: text, message: orNull(number) }),
        ),
      }),
    ),
    stream: orNull(object<StreamPosition>({ address: text, lastEventId: orNull(text) })),
  },
  "tool-result": { kind: text, id: text, callId: text, name: text, text },
};

const turn = variant("kind", TURNS);

/** @throws Error that names the first wrong setting */
export const checkSettings = object<ChatSettings>({
  model: orNull(text),
  system: text,
  stop: listOf(text),
  jsonSchema: text,
  tools: text,
  temperature: orNull(number),
  topP: orNull(number),
  maxTokens: orNull(number),
  seed: orNull(number),
  topK: optional(orNull(number)),
  minP: optional(orNull(number)),
  repeatPenalty: optional(orNull(number)),
  presencePenalty: optional(orNull(number)),
  frequencyPenalty: optional(orNull(number)),
  penaltyTokens: optional(orNull(number)),
  minTokens: optional(orNull(number)),
  logitBias: optional(text),
  reasoningEffort: optional(orNull(oneOf(["none", "low", "medium", "high"]))),
  reasoningTokens: optional(orNull(number)),
});

const checkFields = object<Conversation>({
  id: address,
  title: text,
  createdAtMs: time,
  updatedAtMs: time,
  isPinned: optional(boolean),
  settings: checkSettings,
  turns: listOf(turn),
  tree: optional(
    object<TurnTree>({
      places: listOf(
        object<TurnPlace>({ id: text, parentId: orNull(text), omittedTurns: optional(natural) }),
      ),
      hidden: listOf(turn),
    }),
  ),
  omittedTurns: number,
});

/** The id of a conversation is a part of the page's address. */
function address(value: unknown, path: string): void {
  if (typeof value !== "string" || !/^[\w.:-]{1,200}$/.test(value))
    throw wrong(path, "an id of letters, digits, dots and dashes", value);
}

/**
 * @param path of the value, for the error message
 * @throws Error that names the first wrong field
 */
export function checkConversation(value: unknown, path: string): Conversation {
  checkFields(value, path);
  const checked = value as Conversation; // every field was checked
  const { turns, omittedTurns } = checked;
  checkUniqueIds(turns, `${path}.turns`);
  if (!Number.isInteger(omittedTurns) || omittedTurns < 0 || omittedTurns > turns.length)
    throw wrong(`${path}.omittedTurns`, `a whole number from 0 to ${turns.length}`, omittedTurns);
  if (checked.tree) checkTree(checked.tree, turns, path);
  return checked;
}

/** Parents stand before their children, so there is no cycle and no unknown parent. */
function checkTree({ places, hidden }: TurnTree, turns: readonly ChatTurn[], path: string): void {
  checkUniqueIds(places, `${path}.tree.places`);
  const parents = new Map<string, string | null>();
  for (const [index, { id, parentId }] of places.entries()) {
    if (parentId !== null && !parents.has(parentId))
      throw wrong(`${path}.tree.places[${index}].parentId`, "the id of an earlier place", parentId);
    parents.set(id, parentId);
  }
  if (turns.length === 0) throw wrong(`${path}.turns`, "a turn, because there is a tree", turns);
  for (const [index, { id }] of turns.entries())
    if (parents.get(id) !== (turns[index - 1]?.id ?? null))
      throw wrong(`${path}.turns[${index}].id`, "a turn that follows the one before it", id);
  const missing = new Set(parents.keys());
  for (const { id } of turns) missing.delete(id);
  for (const [index, { id }] of hidden.entries())
    if (!missing.delete(id))
      throw wrong(`${path}.tree.hidden[${index}].id`, "a place of its own in the tree", id);
  for (const id of missing) throw wrong(`${path}.tree.places`, "a turn for every place", id);
}

/** @throws Error if two values have the same id */
export function checkUniqueIds(values: readonly { readonly id: string }[], path: string): void {
  const ids = new Set<string>();
  for (const [index, { id }] of values.entries()) {
    if (ids.has(id)) throw new Error(`${path}[${index}].id: duplicate id "${id}"`);
    ids.add(id);
  }
}

function object<T extends object>(fields: Fields<T>): Check {
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw wrong(path, "an object", value);
    for (const [name, check] of Object.entries<Check>(fields))
      check((value as Record<string, unknown>)[name], `${path}.${name}`);
  };
}

/** An object whose fields depend on the value of its tag. */
function variant(
  tag: string,
  variants: Readonly<Record<string, Readonly<Record<string, Check>>>>,
): Check {
  const isKnown = oneOf(Object.keys(variants));
  return (value, path) => {
    object({ [tag]: isKnown })(value, path);
    const { [tag]: name } = value as Record<string, unknown>; // the line above checked that it is an object
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

function optional(check: Check): Check {
  return (value, path) => {
    if (value !== undefined) check(value, path);
  };
}

function oneOf(names: readonly string[]): Check {
  return (value, path) => {
    if (typeof value !== "string" || !names.includes(value))
      throw wrong(path, `one of ${names.join(", ")}`, value);
  };
}

function boolean(value: unknown, path: string): void {
  if (typeof value !== "boolean") throw wrong(path, "true or false", value);
}

function text(value: unknown, path: string): void {
  if (typeof value !== "string") throw wrong(path, "a string", value);
}

/** Refuses `Infinity`, which JSON can hold as 1e999 but cannot be written back. */
function number(value: unknown, path: string): void {
  if (!Number.isFinite(value)) throw wrong(path, "a number", value);
}

/** A whole number of at least 0. */
function natural(value: unknown, path: string): void {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw wrong(path, "a whole number of at least 0", value);
}

/** Milliseconds since 1970, within the range of `Date`. */
function time(value: unknown, path: string): void {
  if (typeof value !== "number" || Number.isNaN(new Date(value).getTime()))
    throw wrong(path, "a time in ms since 1970", value);
}

function wrong(path: string, expected: string, value: unknown): Error {
  const found = JSON.stringify(value)?.slice(0, 40) ?? "nothing";
  return new Error(`${path}: expected ${expected}, found ${found}`);
}
