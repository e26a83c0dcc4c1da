// An answer as it grows: events in, the next state out. Pure; the store calls it.

import type { Answer, Failure, Phase, ToolCall } from "../conversation/conversation.ts";
import type { AnswerEvent, CallPart } from "../server/answer-event.ts";

/** An answer that has been asked for. */
export function newAnswer(id: string, nowMs: number): Answer {
  return {
    ...{ kind: "answer", id, startedAtMs: nowMs, model: null, phase: { type: "connecting" } },
    ...{ text: "", thoughts: "", thinkingSinceMs: null, thoughtMs: null, calls: [] },
    ...{ finishReason: null, failure: null, numbers: null, stream: null },
  };
}

/** The same answer when more of it is asked for: it goes on where it ends. */
export function reopened(answer: Answer, nowMs: number): Answer {
  return {
    ...{ ...answer, startedAtMs: nowMs, phase: { type: "connecting" } },
    ...{ finishReason: null, failure: null, numbers: null, stream: null },
  };
}

export function withEvents(answer: Answer, events: readonly AnswerEvent[], nowMs: number): Answer {
  return events.reduce((before, event) => withEvent(before, event, nowMs), answer);
}

/** It came to its end. */
export function ended(answer: Answer, nowMs: number): Answer {
  return closed(answer, { type: "done" }, nowMs);
}

/** Somebody stopped it: what there is of it stays. */
export function stopped(answer: Answer, nowMs: number): Answer {
  return closed(answer, { type: "stopped" }, nowMs);
}

/** Something went wrong: what there is of it stays. */
export function failed(answer: Answer, failure: Failure, nowMs: number): Answer {
  if (failure.code === "cancelled") return stopped(answer, nowMs); // from another window
  return { ...closed(answer, { type: "failed" }, nowMs), failure };
}

function closed(answer: Answer, phase: Phase, nowMs: number): Answer {
  return { ...thoughtThrough(answer, nowMs), phase, stream: null };
}

function withEvent(answer: Answer, event: AnswerEvent, nowMs: number): Answer {
  switch (event.type) {
    case "accepted":
      return accepted(answer, event.address);
    case "place":
      if (!answer.stream) return answer;
      return { ...answer, stream: { ...answer.stream, lastEventId: event.lastEventId } };
    case "model":
      return answer.model === event.id ? answer : { ...answer, model: event.id };
    case "loading":
    case "restarting":
    case "queued":
    case "reconnecting":
      return { ...answer, phase: event };
    case "reading":
      // What is read again after a crash, in the middle of an answer, is said by `restarting`.
      return { ...answer, phase: event };
    case "thought":
      return {
        ...{ ...answer, thoughts: answer.thoughts + event.text, phase: { type: "thinking" } },
        ...{ thinkingSinceMs: answer.thinkingSinceMs ?? nowMs, thoughtMs: null },
      };
    case "text":
      return {
        ...{ ...thoughtThrough(answer, nowMs), text: answer.text + event.text },
        phase: { type: "writing" },
      };
    case "call":
      return {
        ...thoughtThrough(answer, nowMs),
        ...{ calls: withPart(answer.calls, event.index, event.part), phase: { type: "calling" } },
      };
    case "finish":
      return { ...answer, finishReason: event.reason, numbers: event.numbers };
  }
}

/** At its beginning, or when a lost connection is back. */
function accepted(answer: Answer, address: string | null): Answer {
  const isNew = address !== null && answer.stream?.address !== address;
  const stream = isNew ? { address, lastEventId: null } : answer.stream;
  return answer.phase.type === "reconnecting"
    ? { ...answer, stream, phase: phaseOf(answer) }
    : { ...answer, stream };
}

function phaseOf({ text, thoughts, calls }: Answer): Phase {
  if (calls.length > 0) return { type: "calling" };
  if (text !== "") return { type: "writing" };
  return { type: thoughts === "" ? "connecting" : "thinking" };
}

/** Thoughts that are followed by something else have an end. */
function thoughtThrough(answer: Answer, nowMs: number): Answer {
  if (answer.thinkingSinceMs === null || answer.thoughtMs !== null) return answer;
  return { ...answer, thoughtMs: nowMs - answer.thinkingSinceMs };
}

function withPart(
  calls: readonly ToolCall[],
  index: number,
  { id, name, arguments: more = "" }: CallPart,
): readonly ToolCall[] {
  const call = calls[index] ?? { id: id ?? `call_${index}`, name: "", arguments: "" };
  const next = { ...call, name: call.name + (name ?? ""), arguments: call.arguments + more };
  return calls.length > index
    ? calls.map((each, at) => (at === index ? next : each))
    : [...calls, next];
}
