// The state of an answer: applies stream events and returns the next state. Pure functions, called by the store.

import type { AnswerEvent } from "../client/answer-event.ts";
import type {
  ChatAnswer,
  ChatToolCall,
  Phase,
  RequestFailure,
} from "../conversation/conversation.ts";

/** Fields that an answer gets only at its end. */
const NOT_ENDED = { finishReason: null, failure: null, numbers: null, stream: null } as const;

export function newAnswer(id: string, nowMs: number): ChatAnswer {
  return {
    kind: "answer",
    id,
    startedAtMs: nowMs,
    model: null,
    phase: { type: "connecting" },
    text: "",
    thoughts: "",
    thinkingSinceMs: null,
    thoughtMs: null,
    calls: [],
    ...NOT_ENDED,
  };
}

/** Prepares an ended answer to be continued. */
export function reopened(answer: ChatAnswer, nowMs: number): ChatAnswer {
  return { ...answer, ...NOT_ENDED, startedAtMs: nowMs, phase: { type: "connecting" } };
}

export function withEvents(
  answer: ChatAnswer,
  events: readonly AnswerEvent[],
  nowMs: number,
): ChatAnswer {
  return events.reduce((before, event) => withEvent(before, event, nowMs), answer);
}

export function ended(answer: ChatAnswer, nowMs: number): ChatAnswer {
  return closed(answer, { type: "done" }, nowMs);
}

/** Keeps the partial answer. */
export function stopped(answer: ChatAnswer, nowMs: number): ChatAnswer {
  return closed(answer, { type: "stopped" }, nowMs);
}

/** Keeps the partial answer. */
export function failed(answer: ChatAnswer, failure: RequestFailure, nowMs: number): ChatAnswer {
  if (failure.code === "cancelled") return stopped(answer, nowMs); // another tab stopped it
  return { ...closed(answer, { type: "failed" }, nowMs), failure };
}

function closed(answer: ChatAnswer, phase: Phase, nowMs: number): ChatAnswer {
  return { ...withReasoningEnded(answer, nowMs), phase, stream: null };
}

function withEvent(answer: ChatAnswer, event: AnswerEvent, nowMs: number): ChatAnswer {
  switch (event.type) {
    case "accepted":
      return accepted(answer, event.address);
    case "position":
      if (!answer.stream) return answer;
      return { ...answer, stream: { ...answer.stream, lastEventId: event.lastEventId } };
    case "model":
      return answer.model === event.id ? answer : { ...answer, model: event.id };
    case "loading":
    case "restarting":
    case "queued":
    case "reconnecting":
    case "reading":
      return { ...answer, phase: event };
    case "reasoning":
      return {
        ...answer,
        thoughts: answer.thoughts + event.text,
        thinkingSinceMs: answer.thinkingSinceMs ?? nowMs,
        thoughtMs: null,
        phase: { type: "thinking" },
      };
    case "text":
      return {
        ...withReasoningEnded(answer, nowMs),
        text: answer.text + event.text,
        phase: { type: "writing" },
      };
    case "tool-call":
      return {
        ...withReasoningEnded(answer, nowMs),
        calls: withDelta(answer.calls, event.index, event.delta),
        phase: { type: "calling" },
      };
    case "finish":
      return { ...answer, finishReason: event.reason, numbers: event.numbers };
  }
}

/** Handles the start of the stream and every successful reconnect. */
function accepted(answer: ChatAnswer, address: string | null): ChatAnswer {
  const isNew = address !== null && answer.stream?.address !== address;
  const stream = isNew ? { address, lastEventId: null } : answer.stream;
  return answer.phase.type === "reconnecting"
    ? { ...answer, stream, phase: phaseFromContent(answer) }
    : { ...answer, stream };
}

function phaseFromContent({ text, thoughts, calls }: ChatAnswer): Phase {
  if (calls.length > 0) return { type: "calling" };
  if (text !== "") return { type: "writing" };
  return { type: thoughts === "" ? "connecting" : "thinking" };
}

/** Records how long the reasoning took, once something else follows it. */
function withReasoningEnded(answer: ChatAnswer, nowMs: number): ChatAnswer {
  if (answer.thinkingSinceMs === null || answer.thoughtMs !== null) return answer;
  return { ...answer, thoughtMs: nowMs - answer.thinkingSinceMs };
}

function withDelta(
  calls: readonly ChatToolCall[],
  index: number,
  { id, name, arguments: more = "" }: Partial<ChatToolCall>,
): readonly ChatToolCall[] {
  const call = calls[index] ?? { id: id ?? `call_${index}`, name: "", arguments: "" };
  const next = { ...call, name: call.name + (name ?? ""), arguments: call.arguments + more };
  return calls.length > index
    ? calls.map((each, at) => (at === index ? next : each))
    : [...calls, next];
}
