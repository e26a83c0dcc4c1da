// Edits of a conversation. Each returns a new conversation and leaves everything else unchanged.

import { expect, test } from "vitest";
import { newAnswer } from "../../../src/web/chat/answer.ts";
import { DEFAULT_SETTINGS } from "../../../src/web/conversation/conversation.ts";
import {
  addAnswer,
  addQuestion,
  cutFrom,
  newConversation,
  omitOldest,
  putSettings,
  putToolResult,
  rename,
  replaceQuestion,
  restoreOmitted,
} from "../../../src/web/conversation/edits.ts";
import { answer, call, conversation, question, toolResult } from "./samples.ts";

const nowMs = 5000;
const THREE = [question("A"), answer("a"), question("B"), answer("b"), question("C")];

test("a new conversation is empty and has the default settings", () => {
  const made = newConversation({ nowMs, id: "new" });

  expect(made).toEqual({
    id: "new",
    title: "",
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    omittedTurns: 0,
    settings: DEFAULT_SETTINGS,
    turns: [],
  });
});

test("conversations and questions get unique ids", () => {
  const asked = [1, 2].reduce(
    (given) => addQuestion(given, { text: "A", nowMs }),
    newConversation({ nowMs }),
  );

  expect(new Set([asked.id, ...asked.turns.map(({ id }) => id)]).size).toBe(3);
});

test("the first question names the conversation, a later one does not", () => {
  const first = addQuestion(newConversation({ nowMs: 1 }), { text: "**What** is SSE?", nowMs });
  const second = addQuestion(first, { text: "And why?", nowMs });

  expect(first).toMatchObject({ title: "What is SSE?", updatedAtMs: nowMs, createdAtMs: 1 });
  expect(second.title).toBe("What is SSE?");
  expect(second.turns.at(-1)).toMatchObject({ kind: "question", text: "And why?" });
});

test("an answer is added at the end", () => {
  const started = addAnswer(conversation([question("A")]), { answer: answer("a"), nowMs });

  expect(started.turns).toEqual([question("A"), answer("a")]);
  expect(started.updatedAtMs).toBe(nowMs);
});

test("another text for a question is another question in its place, without the later turns", () => {
  const change = { questionId: "q-B", text: "B2", nowMs, id: "new" };
  const changed = replaceQuestion(conversation(THREE), change);

  expect(changed.turns).toEqual([...THREE.slice(0, 2), question("B2", "new")]);
  expect(changed.updatedAtMs).toBe(nowMs);
});

test("changing the first question updates a derived title but not one set by the user", () => {
  const change = { questionId: "q-A", text: "New words", nowMs };

  expect(replaceQuestion(conversation(THREE, { title: "A" }), change).title).toBe("New words");
  expect(replaceQuestion(conversation(THREE, { title: "Mine" }), change).title).toBe("Mine");
});

test("an id that is not a question's changes nothing", () => {
  const given = conversation(THREE);

  expect(replaceQuestion(given, { questionId: "a-a", text: "x", nowMs })).toBe(given);
  expect(cutFrom(given, { turnId: "nobody", nowMs })).toBe(given);
});

test("cutting from an answer hides it and every later turn", () => {
  const cut = cutFrom(conversation(THREE), { turnId: "a-a", nowMs });

  expect(cut.turns).toEqual(THREE.slice(0, 1));
});

test("cutting from an answer without any content removes it, so that a retry leaves no empty version", () => {
  const empty = answer("", { id: "empty", phase: { type: "failed" } });

  const cut = cutFrom(conversation([question("A"), empty]), { turnId: "empty", nowMs });

  expect(cut.turns).toEqual([question("A")]);
  expect(cut.tree).toBeUndefined();
});

test("cutting never leaves the last question omitted", () => {
  const cut = cutFrom(conversation(THREE, { omittedTurns: 4 }), { turnId: "a-b", nowMs });

  expect(cut.omittedTurns).toBe(2);
});

test("a title is trimmed, and an empty one restores the derived title", () => {
  const given = conversation(THREE);

  expect(rename(given, "  Mine ").title).toBe("Mine");
  expect(rename(given, " ").title).toBe("A");
});

test("a new title does not move the conversation in the list", () => {
  const given = conversation(THREE);

  expect(rename(given, "Mine").updatedAtMs).toBe(given.updatedAtMs);
});

test("tool results follow their answer, in the order in which they were entered", () => {
  const asking = answer("", { id: "x", calls: [call("one"), call("two")] });
  const given = conversation([question("A"), asking, question("B")]);

  const first = putToolResult(given, { call: call("two"), text: "2", nowMs, id: "r2" });
  const both = putToolResult(first, { call: call("one"), text: "1", nowMs, id: "r1" });

  expect(both.turns.map(({ id }) => id)).toEqual(["q-A", "x", "r2", "r1", "q-B"]);
  expect(both.turns[3]).toEqual({ ...toolResult("one", "1"), id: "r1" });
});

test("a second result for a call replaces the first", () => {
  const given = conversation([answer("", { calls: [call("one")] }), toolResult("one", "old")]);

  const changed = putToolResult(given, { call: call("one"), text: "new", nowMs });

  expect(changed.turns.slice(1)).toEqual([toolResult("one", "new")]);
});

test("a result for a call that no answer made changes nothing", () => {
  const given = conversation(THREE);

  expect(putToolResult(given, { call: call("one"), text: "1", nowMs })).toBe(given);
});

test("settings change one by one", () => {
  const changed = putSettings(conversation([]), { settings: { seed: 1 }, nowMs });

  expect(changed.settings).toEqual({ ...DEFAULT_SETTINGS, seed: 1 });
  expect(changed.updatedAtMs).toBe(nowMs);
});

test.each([
  { turns: 0, omitted: 0 },
  { turns: 1, omitted: 2 },
  { turns: 2, omitted: 2 },
  { turns: 3, omitted: 4 },
  { turns: 99, omitted: 4 },
])("omitting $turns turns omits $omitted: whole exchanges, never the last question", (each) => {
  expect(omitOldest(conversation(THREE), each.turns).omittedTurns).toBe(each.omitted);
});

test("omitted turns add up, and are restored all at once", () => {
  const once = omitOldest(conversation(THREE), 1);
  const twice = omitOldest(once, 1);

  expect(twice.omittedTurns).toBe(4);
  expect(omitOldest(twice, 1)).toBe(twice);
  expect(restoreOmitted(twice).omittedTurns).toBe(0);
});

test("tool results are omitted together with their exchange", () => {
  const turns = [
    question("A"),
    answer("", { calls: [call("one")] }),
    toolResult("one"),
    answer("a"),
    question("B"),
  ];

  expect(omitOldest(conversation(turns), 1).omittedTurns).toBe(4);
});

test("a question keeps its files when its text is edited, and is named after the first if it has no text", () => {
  const files = [{ name: "notes.txt", text: "words" }];
  const asked = addQuestion(newConversation({ nowMs }), { text: "", files, nowMs, id: "q" });
  const edited = replaceQuestion(asked, { questionId: "q", text: "Summarize", nowMs });

  expect(asked.title).toBe("notes.txt");
  expect(edited).toMatchObject({ title: "Summarize", turns: [{ text: "Summarize", files }] });
});

test("a tool result belongs to the last answer with that call, also if an earlier one had the same id", () => {
  const call = { id: "same", name: "add", arguments: "{}" };
  const answer = (id: string) => ({ ...newAnswer(id, 0), calls: [call] });
  let chat = addQuestion(newConversation({ nowMs: 0 }), { text: "Add", nowMs: 0 });
  for (const id of ["a", "b"]) {
    chat = addAnswer(chat, { answer: answer(id), nowMs: 0 });
    chat = putToolResult(chat, { call, text: id, nowMs: 0 });
  }
  chat = putToolResult(chat, { call, text: "c", nowMs: 0 });

  expect(chat.turns.map((turn) => (turn.kind === "tool-result" ? turn.text : turn.kind))).toEqual([
    "question",
    ...["answer", "a"],
    ...["answer", "c"],
  ]);
});
