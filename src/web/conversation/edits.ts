// Edits of a conversation. Every function returns a new conversation, or the same one if nothing changes.

import {
  type ChatAnswer,
  type ChatFile,
  type ChatQuestion,
  type ChatSettings,
  type ChatToolCall,
  type ChatTurn,
  type Conversation,
  DEFAULT_SETTINGS,
} from "./conversation.ts";
import { newId } from "./ids.ts";
import { titleFrom } from "./title.ts";
import { withoutTurn, withTurns } from "./versions.ts";

/** Time of the edit, in ms since 1970. */
type Now = { readonly nowMs: number };
/** The id is random by default. */
type New = Now & { readonly id?: string };
type NewQuestion = { readonly text: string; readonly files?: readonly ChatFile[] };

export function newConversation({
  nowMs,
  id = newId(),
  settings = DEFAULT_SETTINGS,
}: New & { readonly settings?: ChatSettings }): Conversation {
  return {
    id,
    title: "",
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    settings,
    turns: [],
    omittedTurns: 0,
  };
}

/** Adds a question and, if the conversation has no title, sets the title. */
export function addQuestion(
  conversation: Conversation,
  { text, files = [], nowMs, id = newId() }: New & NewQuestion,
): Conversation {
  const question: ChatQuestion = {
    kind: "question",
    id,
    text,
    ...(files.length > 0 ? { files } : {}),
  };
  const title = conversation.title === "" ? questionTitle(question) : conversation.title;
  const turns: readonly ChatTurn[] = [...conversation.turns, question];
  return changed({ ...conversation, title }, turns, nowMs);
}

export function addAnswer(
  conversation: Conversation,
  { answer, nowMs }: Now & { readonly answer: ChatAnswer },
): Conversation {
  return changed(conversation, [...conversation.turns, answer], nowMs);
}

/**
 * Asks a question again with another text. The old question stays as a version, with all that followed it. Updates a title that
 * was derived from the question.
 */
export function replaceQuestion(
  conversation: Conversation,
  options: New & { readonly questionId: string; readonly text: string },
): Conversation {
  const { questionId, text, nowMs, id = newId() } = options;
  const { turns, title } = conversation;
  const index = turns.findIndex((turn) => turn.id === questionId);
  const question = turns[index];
  if (question?.kind !== "question") return conversation;
  const isFirst = !turns.slice(0, index).some(({ kind }) => kind === "question");
  const isNamedAfterIt = isFirst && title === questionTitle(question);
  return changed(
    { ...conversation, title: isNamedAfterIt ? questionTitle({ ...question, text }) : title },
    [...turns.slice(0, index), { ...question, id, text }],
    nowMs,
  );
}

/** Prepares to regenerate an answer. It stays as a version, with all that followed it, unless it is empty and the last turn. */
export function cutFrom(
  conversation: Conversation,
  { turnId, nowMs }: Now & { readonly turnId: string },
): Conversation {
  const { turns } = conversation;
  const index = turns.findIndex(({ id }) => id === turnId);
  const turn = turns[index];
  if (!turn) return conversation;
  if (index === turns.length - 1 && isEmpty(turn))
    return { ...withoutTurn(conversation, turnId), updatedAtMs: nowMs };
  return changed(conversation, turns.slice(0, index), nowMs);
}

/** An empty title restores the one derived from the first question. Keeps the place in the list, which the time decides. */
export function rename(conversation: Conversation, title: string): Conversation {
  const named = title.trim() === "" ? derivedTitle(conversation) : title.trim();
  return { ...conversation, title: named };
}

/** The title that the first question gives; empty without a question. */
export function derivedTitle({ turns }: Conversation): string {
  const first = turns.find((turn) => turn.kind === "question");
  return first ? questionTitle(first) : "";
}

/** Adds the result of a tool call after its answer and the earlier results. A second result for a call replaces the first. */
export function putToolResult(
  conversation: Conversation,
  options: New & { readonly call: Pick<ChatToolCall, "id" | "name">; readonly text: string },
): Conversation {
  const { call, text, nowMs, id = newId() } = options;
  const { turns } = conversation;
  const caller = callerIndex(turns, call.id);
  if (caller < 0) return conversation;
  const later = turns.slice(caller + 1); // an earlier answer may have used the same id
  const known = later.find((turn) => turn.kind === "tool-result" && turn.callId === call.id);
  if (known) {
    const next = turns.map((turn) => (turn === known ? { ...known, text } : turn));
    return changed(conversation, next, nowMs);
  }
  const results = later.findIndex(({ kind }) => kind !== "tool-result");
  const index = results < 0 ? turns.length : caller + 1 + results;
  const result = { kind: "tool-result", id, callId: call.id, name: call.name, text } as const;
  return changed(conversation, turns.toSpliced(index, 0, result), nowMs);
}

/** Changes only the given settings. */
export function putSettings(
  conversation: Conversation,
  { settings, nowMs }: Now & { readonly settings: Partial<ChatSettings> },
): Conversation {
  const next = { ...conversation.settings, ...settings };
  return { ...conversation, settings: next, updatedAtMs: nowMs };
}

/**
 * Omits at least this many more of the oldest turns from requests. It omits whole exchanges, from question to question,
 * and never the last question.
 *
 * @returns the same conversation if there is nothing to omit
 */
export function omitOldest(conversation: Conversation, turns: number): Conversation {
  const { omittedTurns } = conversation;
  const questions = questionIndexes(conversation.turns);
  const wanted = omittedTurns + Math.max(0, turns);
  const next = questions.find((index) => index >= wanted) ?? questions.at(-1) ?? 0;
  return next > omittedTurns ? { ...conversation, omittedTurns: next } : conversation;
}

/** Includes all turns in requests again. */
export function restoreOmitted(conversation: Conversation): Conversation {
  return conversation.omittedTurns === 0 ? conversation : { ...conversation, omittedTurns: 0 };
}

function changed(
  conversation: Conversation,
  turns: readonly ChatTurn[],
  nowMs: number,
): Conversation {
  return { ...withTurns(conversation, turns), updatedAtMs: nowMs };
}

/** An answer that failed or was stopped before it began. */
function isEmpty(turn: ChatTurn): boolean {
  return (
    turn.kind === "answer" && turn.text === "" && turn.thoughts === "" && turn.calls.length === 0
  );
}

/** The name of the first file, if there is no text. */
function questionTitle({ text, files = [] }: ChatQuestion): string {
  return titleFrom(text === "" ? (files[0]?.name ?? "") : text);
}

function questionIndexes(turns: readonly ChatTurn[]): number[] {
  return turns.flatMap(({ kind }, index) => (kind === "question" ? [index] : []));
}

/** The last answer that made the call; -1 if none did. */
function callerIndex(turns: readonly ChatTurn[], callId: string): number {
  return turns.findLastIndex(
    (turn) => turn.kind === "answer" && turn.calls.some(({ id }) => id === callId),
  );
}
