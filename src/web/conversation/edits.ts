// What can be done to a conversation. Every function gives a new one, or the same one where nothing changes.

import {
  type Answer,
  type ChatSettings,
  type Conversation,
  DEFAULT_SETTINGS,
  type ToolCall,
  type ToolResult,
  type Turn,
} from "./conversation.ts";
import { newId } from "./ids.ts";
import { titleFrom } from "./title.ts";

/** When a change is made, in ms since 1970. */
type Now = { readonly nowMs: number };
/** Ids are random where none is given. */
type New = Now & { readonly id?: string };

export function newConversation(
  given: New & { readonly settings?: Partial<ChatSettings> },
): Conversation {
  const { nowMs, id = newId(), settings = {} } = given;
  return {
    ...{ id, title: "", createdAtMs: nowMs, updatedAtMs: nowMs },
    settings: { ...DEFAULT_SETTINGS, ...settings },
    ...{ turns: [], omittedTurns: 0 },
  };
}

/** The first question gives a conversation without a title its title. */
export function addQuestion(
  conversation: Conversation,
  { text, nowMs, id = newId() }: New & { readonly text: string },
): Conversation {
  const title = conversation.title === "" ? titleFrom(text) : conversation.title;
  const turns: readonly Turn[] = [...conversation.turns, { kind: "question", id, text }];
  return withTurns({ ...conversation, title }, turns, nowMs);
}

/** Replaces the answer with the same id, or adds it at the end. */
export function putAnswer(
  conversation: Conversation,
  { answer, nowMs }: Now & { readonly answer: Answer },
): Conversation {
  const { turns } = conversation;
  const isThere = turns.some(({ id }) => id === answer.id);
  const changed = isThere
    ? turns.map((turn) => (turn.id === answer.id ? answer : turn))
    : [...turns, answer];
  return withTurns(conversation, changed, nowMs);
}

/** Another text for a question; what came after it is gone. A title that was made of it follows. */
export function replaceQuestion(
  conversation: Conversation,
  { questionId, text, nowMs }: Now & { readonly questionId: string; readonly text: string },
): Conversation {
  const { turns, title } = conversation;
  const index = turns.findIndex(({ id }) => id === questionId);
  const question = turns[index];
  if (question?.kind !== "question") return conversation;
  const isFirst = !turns.slice(0, index).some(({ kind }) => kind === "question");
  const isNamedAfterIt = isFirst && title === titleFrom(question.text);
  return withTurns(
    { ...conversation, title: isNamedAfterIt ? titleFrom(text) : title },
    [...turns.slice(0, index), { ...question, text }],
    nowMs,
  );
}

/** Removes a turn and all after it: with an answer's id, so that it can be generated again. */
export function cutFrom(
  conversation: Conversation,
  { turnId, nowMs }: Now & { readonly turnId: string },
): Conversation {
  const index = conversation.turns.findIndex(({ id }) => id === turnId);
  if (index < 0) return conversation;
  return withTurns(conversation, conversation.turns.slice(0, index), nowMs);
}

/** An empty title stands for the one that the first question gives. */
export function rename(
  conversation: Conversation,
  { title, nowMs }: Now & { readonly title: string },
): Conversation {
  const first = conversation.turns.find(({ kind }) => kind === "question");
  const named = title.trim() === "" ? titleFrom(first?.text ?? "") : title.trim();
  return { ...conversation, title: named, updatedAtMs: nowMs };
}

/** The result of a call, behind the answer that made it and the results that it has already; a second one replaces the first. */
export function putToolResult(
  conversation: Conversation,
  given: New & { readonly call: Pick<ToolCall, "id" | "name">; readonly text: string },
): Conversation {
  const { call, text, nowMs, id = newId() } = given;
  const { turns } = conversation;
  const known = turns.find((turn) => turn.kind === "tool-result" && turn.callId === call.id);
  if (known) {
    const changed = turns.map((turn) => (turn === known ? { ...known, text } : turn));
    return withTurns(conversation, changed, nowMs);
  }
  const at = placeOfResult(turns, call.id);
  if (at === null) return conversation;
  const result: ToolResult = { kind: "tool-result", id, callId: call.id, name: call.name, text };
  return withTurns(conversation, turns.toSpliced(at, 0, result), nowMs);
}

/** Changes those settings that are given. */
export function putSettings(
  conversation: Conversation,
  { settings, nowMs }: Now & { readonly settings: Partial<ChatSettings> },
): Conversation {
  const changed = { ...conversation.settings, ...settings };
  return { ...conversation, settings: changed, updatedAtMs: nowMs };
}

/**
 * Leaves out at least so many more of the oldest turns: whole exchanges, from question to question, and never the last question.
 *
 * @returns the same conversation, where there is nothing to leave out
 */
export function omitOldest(conversation: Conversation, turns: number): Conversation {
  const { omittedTurns } = conversation;
  const questions = questionPlaces(conversation.turns);
  const wanted = omittedTurns + Math.max(0, turns);
  const next = questions.find((place) => place >= wanted) ?? questions.at(-1) ?? 0;
  return next > omittedTurns ? { ...conversation, omittedTurns: next } : conversation;
}

/** Sends all turns again. */
export function bringBack(conversation: Conversation): Conversation {
  return conversation.omittedTurns === 0 ? conversation : { ...conversation, omittedTurns: 0 };
}

/** What is left out never reaches past the last question, whatever was cut. */
function withTurns(
  conversation: Conversation,
  turns: readonly Turn[],
  nowMs: number,
): Conversation {
  const last = questionPlaces(turns).at(-1) ?? 0;
  const omittedTurns = Math.min(conversation.omittedTurns, last);
  return { ...conversation, turns, omittedTurns, updatedAtMs: nowMs };
}

function questionPlaces(turns: readonly Turn[]): number[] {
  return turns.flatMap(({ kind }, index) => (kind === "question" ? [index] : []));
}

/** Null when no answer has such a call. */
function placeOfResult(turns: readonly Turn[], callId: string): number | null {
  const caller = turns.findLastIndex(
    (turn) => turn.kind === "answer" && turn.calls.some(({ id }) => id === callId),
  );
  if (caller < 0) return null;
  const length = turns.slice(caller + 1).findIndex(({ kind }) => kind !== "tool-result");
  return length < 0 ? turns.length : caller + 1 + length;
}
