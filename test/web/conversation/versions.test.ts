// Versions of turns: regenerated answers and edited questions, and the path that is shown.

import { expect, test } from "vitest";
import type { Conversation } from "../../../src/web/conversation/conversation.ts";
import {
  addAnswer,
  cutFrom,
  putToolResult,
  replaceQuestion,
} from "../../../src/web/conversation/edits.ts";
import {
  showVersion,
  versionsOf,
  withoutTurn,
  withTurns,
} from "../../../src/web/conversation/versions.ts";
import { answer, call, conversation, question } from "./samples.ts";

const nowMs = 5000;
const LINE = conversation([question("A"), answer("a"), question("B"), answer("b")]);
const ids = ({ turns }: Conversation) => turns.map(({ id }) => id);

function regenerated(before: Conversation, turnId: string, text: string): Conversation {
  return addAnswer(cutFrom(before, { turnId, nowMs }), { answer: answer(text), nowMs });
}

const edited = (before: Conversation, questionId: string, id: string) =>
  replaceQuestion(before, { questionId, text: id, nowMs, id });

test("turns without another version have no tree", () => {
  const longer = addAnswer(LINE, { answer: answer("c"), nowMs });

  expect(longer.tree).toBeUndefined();
  expect(versionsOf(longer).size).toBe(0);
});

test("a regenerated answer stands beside the old one, each with what followed it", () => {
  const second = regenerated(LINE, "a-a", "a2");
  expect(ids(second)).toEqual(["q-A", "a-a2"]);
  expect(versionsOf(second).get("a-a2")).toEqual({
    number: 2,
    count: 2,
    previousId: "a-a",
    nextId: null,
  });

  const first = showVersion(second, "a-a");

  expect(first.turns).toEqual(LINE.turns);
  expect(versionsOf(first).get("a-a")).toEqual({
    number: 1,
    count: 2,
    previousId: null,
    nextId: "a-a2",
  });
  expect(showVersion(first, "a-a2").turns).toEqual(second.turns);
});

test("edited first questions are versions too", () => {
  const third = edited(edited(LINE, "q-A", "A2"), "A2", "A3");

  expect(versionsOf(third).get("A3")).toMatchObject({ number: 3, count: 3, previousId: "A2" });
  expect(showVersion(third, "q-A").turns).toEqual(LINE.turns);
});

test("a version is shown with its newest turns", () => {
  const twice = regenerated(regenerated(LINE, "a-b", "b2"), "a-a", "a2");

  expect(ids(showVersion(twice, "a-a"))).toEqual(["q-A", "a-a", "q-B", "a-b2"]);
});

test("showing a version changes neither the time of the conversation nor the versions", () => {
  const second = regenerated(LINE, "a-b", "b2");
  const first = showVersion(second, "a-b");

  expect(first.updatedAtMs).toBe(second.updatedAtMs);
  expect(showVersion(first, "a-b2")).toEqual(second);
});

test("a turn that is shown already, or unknown, changes nothing", () => {
  const second = regenerated(LINE, "a-b", "b2");

  expect(showVersion(second, "a-b2")).toBe(second);
  expect(showVersion(second, "unknown")).toBe(second);
  expect(showVersion(LINE, "a-a")).toBe(LINE);
});

test("each version remembers how many turns it omits", () => {
  const long = { ...LINE, omittedTurns: 2 };
  const short = edited(long, "q-A", "A2");
  expect(short.omittedTurns).toBe(0);

  const back = showVersion(short, "q-A");

  expect(back.omittedTurns).toBe(2);
  expect(showVersion(back, "A2").omittedTurns).toBe(0);
});

test("an answer that still streams is hidden as a stopped one without its stream", () => {
  const stream = { address: "/v1/streams/x?token=secret", lastEventId: null };
  const running = answer("a", { phase: { type: "writing" }, stream });

  const next = edited(conversation([question("A"), running]), "q-A", "A2");

  expect(next.tree?.hidden).toEqual([question("A"), answer("a", { phase: { type: "stopped" } })]);
});

test("a tool result in the middle stays between its answer and the turns after it in every version", () => {
  const given = conversation([question("A"), answer("x", { calls: [call("one")] }), question("B")]);
  const two = edited(given, "q-B", "B2");

  const filled = putToolResult(two, { call: call("one"), text: "1", nowMs, id: "r" });

  expect(ids(filled)).toEqual(["q-A", "a-x", "r", "B2"]);
  expect(filled.tree?.places.map(({ id }) => id)).toEqual(["q-A", "a-x", "q-B", "r", "B2"]);
  expect(ids(showVersion(filled, "q-B"))).toEqual(["q-A", "a-x", "q-B"]);
});

test("removing a turn removes all that follows it, and the tree once one path is left", () => {
  const second = regenerated(LINE, "a-a", "a2");

  expect(withoutTurn(second, "a-a")).toEqual(
    conversation([question("A"), answer("a2")], { updatedAtMs: nowMs }),
  );
  const cut = withoutTurn(second, "a-a2");
  expect(ids(cut)).toEqual(["q-A"]);
  expect(ids(showVersion(cut, "a-a"))).toEqual(["q-A", "a-a", "q-B", "a-b"]);
});

test("a conversation of 20,000 turns has versions too", () => {
  const turns = Array.from({ length: 20_000 }, (_, index) => question(`${index}`));
  const deep = withTurns(conversation(turns), turns.slice(0, 1));

  expect(ids(showVersion(deep, "q-1"))).toHaveLength(20_000);
});
